#ifndef PINTLE_IMAGES_BASE_H
#define PINTLE_IMAGES_BASE_H

// Nullability is for Swift, which imports these headers; clang calls it an extension.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wnullability-extension"
#endif

#endif
