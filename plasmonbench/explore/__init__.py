"""The live explorer: move the flows of a recipe and see what the lab would measure."""
