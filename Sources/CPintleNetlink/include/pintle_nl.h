#ifndef PINTLE_NL_H
#define PINTLE_NL_H

#include <stddef.h>
#include <stdint.h>

/**
 * @file
 * Links, addresses and routes over rtnetlink, many changes in one system call.
 *
 * libnl and libnl-route build the messages; this shim adds what they lack: requests for another
 * network namespace, batches with one answer per request, and attributes libnl-route does not know.
 * A socket acts in the network namespace that it was opened in, for ever, whichever thread uses it.
 *
 * Threads: a socket or batch belongs to one thread at a time. Every function may block for the
 * kernel's rtnl lock. Errors: 0 or a negative errno, unless a function says otherwise. Nothing is
 * retained from a failed call.
 */

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"

#ifdef __cplusplus
extern "C" {
#endif

#define PINTLE_NL_NAME_SIZE 16 /* IFNAMSIZ: a link's name with its terminating NUL */
#define PINTLE_NL_MESSAGE_SIZE 160

typedef struct pintle_nl_socket pintle_nl_socket;
typedef struct pintle_nl_batch pintle_nl_batch;

/**
 * An IPv4 or IPv6 address in network order: 4 or 16 bytes of `bytes`, by `family` (AF_INET,
 * AF_INET6).
 */
typedef struct pintle_nl_address {
    int32_t family;
    int32_t prefix; /* bits; the host's own length for a plain address */
    uint8_t bytes[16];
} pintle_nl_address;

/**
 * One link as RTM_GETLINK reports it. Zero means absent, but for `peer_namespace`, where -1 does.
 */
typedef struct pintle_nl_link {
    int32_t index;
    int32_t controller;     /* index of the bridge that the link is a port of */
    int32_t peer;           /* index of the other end of a veth, in that end's own namespace */
    int32_t peer_namespace; /* that namespace's id here; -1 when it is this one */
    uint32_t flags;         /* IFF_* */
    uint32_t mtu;           /* bytes */
    int32_t hairpin;        /* 1 when frames may leave by the port they came in by */
    uint8_t mac[6];
    uint8_t has_mac;
    uint8_t padding;
    char name[PINTLE_NL_NAME_SIZE];
    char kind[PINTLE_NL_NAME_SIZE];
} pintle_nl_link;

/** One route as RTM_GETROUTE reports it; a default route has prefix 0. */
typedef struct pintle_nl_route {
    pintle_nl_address destination;
    pintle_nl_address gateway; /* family 0 when there is none */
    int32_t index;             /* of the outgoing link; 0 for several next hops or none */
    int32_t is_main;           /* 1 when it stands in the main table */
    int32_t is_local; /* 1 when it leads to this namespace itself, to everyone or to a group */
    int32_t metric;   /* lower wins */
} pintle_nl_route;

/** Which request of a batch failed, and why. */
typedef struct pintle_nl_failure {
    int32_t request;                      /* from 0, in the order of adding */
    int32_t error;                        /* errno, positive */
    char message[PINTLE_NL_MESSAGE_SIZE]; /* the kernel's own words, or empty */
} pintle_nl_failure;

/**
 * Opens an rtnetlink socket in the namespace `netns`, or in the calling thread's when `netns` is
 * negative.
 *
 * Another namespace is entered by a thread made for it, which ends before this returns; the
 * caller's thread stays. Memory: `*out` is owned by the caller, who gives it to
 * pintle_nl_socket_close. `netns` is borrowed.
 *
 * @return 0; -EINVAL when `netns` is no network namespace; -EBADF; -EPERM; -ENOMEM; -EAGAIN without
 *         a thread.
 */
int32_t pintle_nl_socket_open(int32_t netns, pintle_nl_socket *_Nullable *_Nonnull out);

/** Closes and frees `socket`. */
void pintle_nl_socket_close(pintle_nl_socket *_Nonnull socket);

/** Makes an empty batch, owned by the caller, or returns null without memory. */
pintle_nl_batch *_Nullable pintle_nl_batch_new(void);

/** Frees `batch`. */
void pintle_nl_batch_free(pintle_nl_batch *_Nonnull batch);

/** Called for each link, address or route of an answer; the view ends with the call. */
typedef void (*pintle_nl_on_link)(void *_Nullable context, const pintle_nl_link *_Nonnull link);
typedef void (*pintle_nl_on_address)(void *_Nullable context, int32_t index,
                                     const pintle_nl_address *_Nonnull address);
typedef void (*pintle_nl_on_route)(void *_Nullable context, const pintle_nl_route *_Nonnull route);

/** Who receives what a batch asked for. A null member, or none of this at all, drops it. */
typedef struct pintle_nl_answers {
    pintle_nl_on_link _Nullable on_link;   /* of pintle_nl_get_link */
    pintle_nl_on_route _Nullable on_route; /* of pintle_nl_get_route */
    void *_Nullable context;
} pintle_nl_answers;

/**
 * Sends every request of `batch` at once, waits for the answers and empties it.
 *
 * The kernel carries the requests out in order and does not stop at one that fails. A request whose
 * `tolerated` errno (given when it was added, 0 for none) is the answer counts as done.
 *
 * @param failure  the first request that failed; written only then
 * @return 0; the first failure's negative errno; a negative errno of the socket itself, then
 *         failure->request is -1
 */
int32_t pintle_nl_batch_send(pintle_nl_batch *_Nonnull batch, pintle_nl_socket *_Nonnull socket,
                             const pintle_nl_answers *_Nullable answers,
                             pintle_nl_failure *_Nonnull failure);

/** Reports every link of the socket's namespace to `on_link`. */
int32_t pintle_nl_each_link(pintle_nl_socket *_Nonnull socket, pintle_nl_on_link _Nonnull on_link,
                            void *_Nullable context);

/** Reports every address of the link `index`, or of all links when it is 0. */
int32_t pintle_nl_each_address(pintle_nl_socket *_Nonnull socket, int32_t index,
                               pintle_nl_on_address _Nonnull on_address, void *_Nullable context);

/** Reports every route of every table, multicast and local ones too. */
int32_t pintle_nl_each_route(pintle_nl_socket *_Nonnull socket,
                             pintle_nl_on_route _Nonnull on_route, void *_Nullable context);

/* The requests. Each is appended to `batch`; names and bytes are copied. 0 or -ENOMEM, -EINVAL. */

/**
 * Asks for the link `name`. The kernel first acts on a carrier that came lately (Linux 6.8), else
 * within a second.
 */
int32_t pintle_nl_get_link(pintle_nl_batch *_Nonnull batch, const char *_Nonnull name);

/** Asks which route a packet to `address` would take. */
int32_t pintle_nl_get_route(pintle_nl_batch *_Nonnull batch,
                            const pintle_nl_address *_Nonnull address);

/**
 * Makes a bridge without spanning tree; `mac` is fixed, so it does not change with the bridge's
 * ports.
 */
int32_t pintle_nl_add_bridge(pintle_nl_batch *_Nonnull batch, const char *_Nonnull name,
                             const uint8_t *_Nonnull mac, uint32_t mtu, int32_t tolerated);

/**
 * A pair of veth links: one end here, as a port of a bridge, the other in another namespace from
 * the start.
 */
typedef struct pintle_nl_veth {
    const char *_Nonnull name;
    const char *_Nonnull peer_name;
    const uint8_t *_Nullable mac;      /* 6 bytes; null lets the kernel choose */
    const uint8_t *_Nullable peer_mac; /* likewise */
    int32_t peer_netns;                /* descriptor, borrowed */
    int32_t controller;                /* index of the bridge */
    uint32_t mtu;                      /* bytes, of both ends; 0 for the kernel's 1,500 */
} pintle_nl_veth;

/** Makes a veth pair, both ends down. The end here is a port of the bridge already. */
int32_t pintle_nl_add_veth(pintle_nl_batch *_Nonnull batch, const pintle_nl_veth *_Nonnull veth);

/** What pintle_nl_change_link changes; zero leaves a field as it is. */
typedef struct pintle_nl_change {
    const char *_Nullable name; /* which link: by name, */
    int32_t index;              /* or by index */
    uint32_t flags_set;         /* IFF_* */
    uint32_t flags_clear;
    uint32_t mtu;
    int32_t controller;           /* index of a bridge to become a port of */
    int32_t hairpin;              /* of a port: 1 on, -1 off */
    int32_t no_ipv6_link_address; /* 1: no address of the kernel's own making */
    int32_t announce_ipv4;        /* 1: gratuitous ARP when the link comes up */
    int32_t route_localnet;       /* 1: 127.0.0.0/8 may be routed over this link */
    const uint8_t *_Nullable mac; /* 6 bytes */
} pintle_nl_change;

/** Changes a link that exists. */
int32_t pintle_nl_change_link(pintle_nl_batch *_Nonnull batch,
                              const pintle_nl_change *_Nonnull change);

/**
 * Deletes the link `name`; a veth's other end goes with it. Waits for RCU: tens of milliseconds.
 */
int32_t pintle_nl_delete_link(pintle_nl_batch *_Nonnull batch, const char *_Nonnull name,
                              int32_t tolerated);

/**
 * Gives the link `index` an address. IPv6 addresses are usable at once: duplicates are not looked
 * for.
 *
 * @param prefix_route  0 to leave the route to the address's own subnet out
 */
int32_t pintle_nl_add_address(pintle_nl_batch *_Nonnull batch, int32_t index,
                              const pintle_nl_address *_Nonnull address, int32_t prefix_route,
                              int32_t tolerated);

/** Takes an address from the link `index`. */
int32_t pintle_nl_delete_address(pintle_nl_batch *_Nonnull batch, int32_t index,
                                 const pintle_nl_address *_Nonnull address, int32_t tolerated);

/**
 * Tells this namespace, without asking the network, that `address` on the link `index` is at `mac`.
 * A full table (ENOBUFS) counts as done: then the network is asked after all.
 */
int32_t pintle_nl_replace_neighbour(pintle_nl_batch *_Nonnull batch, int32_t index,
                                    const pintle_nl_address *_Nonnull address,
                                    const uint8_t *_Nonnull mac);

/**
 * Adds or replaces a route through the link `index`; without `gateway` the destination is on the
 * link itself.
 */
int32_t pintle_nl_replace_route(pintle_nl_batch *_Nonnull batch, int32_t index,
                                const pintle_nl_address *_Nonnull destination,
                                const pintle_nl_address *_Nullable gateway);

#ifdef __cplusplus
}
#endif

#pragma clang diagnostic pop

#endif
