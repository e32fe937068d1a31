"""What all tests share; a pytest plugin is tested in a pytest of its own."""

pytest_plugins = ["pytester"]
