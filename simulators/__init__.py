"""Laboratories: one file here is one plug-in; its parts lie in the folders below."""
