"""What the screen is put together from: one file a panel, each a function that draws a frame."""
