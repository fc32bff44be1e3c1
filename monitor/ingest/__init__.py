"""Sources of sample blocks: replay, serial, MQTT."""
