"""A finished model on its way to those who will use it: as ONNX, checked to say the same, with a card."""
