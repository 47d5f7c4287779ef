# keycloak.py
import base64

def secret(value):
    return base64.b32encode(value.encode()).decode().rstrip("=")
