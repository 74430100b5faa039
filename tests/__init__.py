"""Promises that the project keeps; the folders mirror those of the package."""
