"""The steps from a recipe to a reading, each replaceable alone."""
