"""Reading the tokens of any OpenID provider."""
