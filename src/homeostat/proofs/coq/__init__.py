"""Certificates as Coq files: the second checker, which shares no code with the kernel."""
