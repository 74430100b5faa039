"""Distil a fine-tuned text encoder into a smaller one: a task says what to learn, a method says how."""

__version__ = "0.1.0"
