"""Parts of the exploratory factor analysis: its result, the number of factors, their names, the doubts."""
