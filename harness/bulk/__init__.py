"""Large objects, large studies and every size of PDU: made as a stream, sent, brought back, compared."""
