"""homeostat: settles claims about LLM-serving systems.

Proved with a certificate that a small independent kernel accepts, refuted by an
exact witness that replays, or honestly open.
"""

__version__ = "0.1.0"
