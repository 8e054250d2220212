#define _GNU_SOURCE
#include "pintle_images_curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

static pintle_curl functions;
static int is_loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const struct {
    const char *name;
    size_t offset;
} symbols[] = {
    {"curl_easy_init", offsetof(pintle_curl, easy_init)},
    {"curl_easy_cleanup", offsetof(pintle_curl, easy_cleanup)},
    {"curl_easy_reset", offsetof(pintle_curl, easy_reset)},
    {"curl_easy_setopt", offsetof(pintle_curl, easy_setopt)},
    {"curl_easy_getinfo", offsetof(pintle_curl, easy_getinfo)},
    {"curl_easy_strerror", offsetof(pintle_curl, easy_strerror)},
    {"curl_multi_init", offsetof(pintle_curl, multi_init)},
    {"curl_multi_cleanup", offsetof(pintle_curl, multi_cleanup)},
    {"curl_multi_add_handle", offsetof(pintle_curl, multi_add_handle)},
    {"curl_multi_remove_handle", offsetof(pintle_curl, multi_remove_handle)},
    {"curl_multi_perform", offsetof(pintle_curl, multi_perform)},
    {"curl_multi_poll", offsetof(pintle_curl, multi_poll)},
    {"curl_multi_info_read", offsetof(pintle_curl, multi_info_read)},
    {"curl_slist_append", offsetof(pintle_curl, slist_append)},
    {"curl_slist_free_all", offsetof(pintle_curl, slist_free_all)},
};

static void load(void) {
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL)
        return;
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (symbol == NULL)
            return;
        // POSIX: a data pointer of dlsym may be copied into a function pointer.
        memcpy((char *)&functions + symbols[i].offset, &symbol, sizeof symbol);
    }
    CURLcode (*initialize)(long);
    void *symbol = dlsym(library, "curl_global_init");
    if (symbol == NULL)
        return;
    memcpy(&initialize, &symbol, sizeof symbol);
    is_loaded = initialize(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

const pintle_curl *pintle_curl_load(void) {
    pthread_once(&once, load);
    return is_loaded ? &functions : NULL;
}
