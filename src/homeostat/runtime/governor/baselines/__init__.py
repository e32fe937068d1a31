"""What the governor is compared with: one policy a file, each written as well as ours."""
