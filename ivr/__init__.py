"""IVR of an energy retailer: callers give meter readings and reach the emergency hotline by phone."""
