"""How much people do with the ERP, and when."""
