"""gRPC: the server with its stages, the error table, and the two ways a servicer calls the application."""

from motcua_kit.rpc.handlers import execute, id_of, page_of, query
from motcua_kit.rpc.server import GrpcServer, Servicer

__all__ = ["GrpcServer", "Servicer", "execute", "id_of", "page_of", "query"]
