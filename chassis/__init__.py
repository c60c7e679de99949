"""The microservice chassis: what any service is bolted onto. No business noun lives here."""
