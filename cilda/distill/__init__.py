"""The learning: from rows and a recipe to a student. The only folder that imports torch."""
