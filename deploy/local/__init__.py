"""Runs everything on one Linux machine: a private RabbitMQ, a private MongoDB and the services, under supervisord."""
