"""How much people do, by weekday and hour."""
