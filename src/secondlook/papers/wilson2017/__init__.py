"""Wilson, Roelofs, Stern, Srebro, Recht 2017: The Marginal Value of Adaptive Gradient Methods in Machine Learning."""
