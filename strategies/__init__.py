"""Planners: one file here is one plug-in; what they share lies in `strategies.models`."""
