"""Fits the silver lab to droplets of a real campaign."""
