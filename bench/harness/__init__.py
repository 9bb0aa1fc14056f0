"""What bench/run is made of: a private cluster, Weir's processes, a webhook receiver, and the measures taken of them."""
