"""What joins the rooms: a device's stream, the loop, its settings and its summary."""
