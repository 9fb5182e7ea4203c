/// The version of Gatehouse, as `--version`, `/oic/p` and the log show it.
public let gatehouseVersion = "0.1.0"
