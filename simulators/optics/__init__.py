"""Cross-sections of silver nanoparticles, from one sphere to a polydisperse ensemble."""
