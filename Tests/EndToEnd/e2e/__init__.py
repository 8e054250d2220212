"""What the end-to-end cases stand on: nodes, clients, waiting, and the search for what is left behind."""
