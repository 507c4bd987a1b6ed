"""What `docker compose` needs beside its file: the secrets, and the servers made ready for the services.

The names of the containers are their addresses; compose.yaml has the same.
"""

PREFIX = "jalur"
AMQP_URL = "amqp://rabbitmq:5672/"
MANAGEMENT_URL = "http://rabbitmq:15672"
MONGODB = "mongodb:27017"
GATEWAY_URL = "http://gateway:8000"
