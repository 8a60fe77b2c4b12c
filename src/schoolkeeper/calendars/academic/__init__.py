"""An institution's academic calendar: where it is read from, its events, and the freezes that follow them."""
