"""Networks: one query point, one latent cloud; batching is the caller's."""
