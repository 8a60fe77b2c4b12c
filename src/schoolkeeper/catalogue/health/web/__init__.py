"""The web application, as its users reach it."""
