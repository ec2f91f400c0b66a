"""Random networks that run once on BIRD 2 and once on our speaker, from the same configurations; see README.md."""
