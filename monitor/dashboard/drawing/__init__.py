"""How traces, strips and marks are drawn."""
