"""Contact centres played twice, as they were and in turn: what fairness is measured against."""
