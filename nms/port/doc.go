// Package port says who holds a port that cannot be bound, and what to do about it.
//
// It reads /proc and starts nothing.
package port
