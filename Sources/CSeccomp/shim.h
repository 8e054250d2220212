/* libseccomp: compiles system call filters. Debian: libseccomp-dev. */
#include <seccomp.h>
