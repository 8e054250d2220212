/**
 * @file pintle_nullability.h
 * @brief Says to Swift which pointers can't be null; empty for other compilers.
 */
#ifndef PINTLE_NULLABILITY_H
#define PINTLE_NULLABILITY_H

#ifdef __clang__
#pragma clang diagnostic ignored "-Wnullability-extension"
#define PINTLE_NONNULL _Nonnull
#define PINTLE_NULLABLE _Nullable
#else
#define PINTLE_NONNULL
#define PINTLE_NULLABLE
#endif

#endif
