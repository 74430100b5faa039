"""The screen: a Textual app that reads run folders and shows what happens in them."""
