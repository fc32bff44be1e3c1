"""Makes the background beats that SHAP compares with."""
