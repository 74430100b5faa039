"""What can be said of many rewrites at once, a file a subject; each takes rewrites one by one, in bounded memory."""
