"""Invents a believable school. Everything follows from size, seed and year; nobody in it exists."""
