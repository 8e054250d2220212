/**
 * @file pintle_infra_protocol.h
 * @brief The control protocol of a pod's infra process, version 1.1.
 *
 * specs/infra-protocol.md explains it; the numbers live here, for both sides. A number is never changed or reused:
 * every host must be able to adopt every older infra process.
 */
#ifndef PINTLE_INFRA_PROTOCOL_H
#define PINTLE_INFRA_PROTOCOL_H

#include <stdint.h>

enum {
    PINTLE_INFRA_MAJOR = 1,
    PINTLE_INFRA_MINOR = 1,
    /** Bytes of the largest packet, its header included. */
    PINTLE_INFRA_MAX_PACKET = 16384,
    /** Descriptors that one packet may carry. */
    PINTLE_INFRA_MAX_DESCRIPTORS = 8,
    /** Bytes of the largest specification (a sealed memory file). */
    PINTLE_INFRA_MAX_SPEC = 4194304,
    /** Bytes of the longest id or session name, without the terminating NUL. */
    PINTLE_INFRA_MAX_ID = 127,
    /** Containers and exec sessions at one time, ended ones that nobody has acknowledged included. */
    PINTLE_INFRA_MAX_PROCESSES = 256,
    /** Clients attached at one time. */
    PINTLE_INFRA_MAX_CLIENTS = 32,
    /** Control connections at one time. */
    PINTLE_INFRA_MAX_CONNECTIONS = 8
};

/** Descriptor numbers at which the infra process finds what its creator gives it. */
enum {
    PINTLE_INFRA_FD_CONTROL = 3, /**< The first control connection. */
    PINTLE_INFRA_FD_DIRECTORY =
        4,                      /**< The sandbox's run directory, where it listens as `control`. */
    PINTLE_INFRA_FD_MOUNTS = 5, /**< The host's mount namespace. */
    PINTLE_INFRA_FD_USERS = 6,  /**< The pod's user namespace, if it has one; see FLAG_USERS. */
    PINTLE_INFRA_FD_FIRST_FREE = 7
};

/** What a packet is. Requests have the top bit clear. */
enum {
    PINTLE_INFRA_HELLO = 1,
    PINTLE_INFRA_CONFIGURE = 2,
    PINTLE_INFRA_START = 3,
    PINTLE_INFRA_EXEC = 4,
    PINTLE_INFRA_SIGNAL = 5,
    PINTLE_INFRA_LIST = 6,
    PINTLE_INFRA_ATTACH = 7,
    PINTLE_INFRA_DETACH = 8,
    PINTLE_INFRA_RESIZE = 9,
    PINTLE_INFRA_REOPEN_LOG = 10,
    PINTLE_INFRA_UPDATE = 11,
    PINTLE_INFRA_ACKNOWLEDGE = 12,
    PINTLE_INFRA_SHUTDOWN = 13,
    PINTLE_INFRA_REPLY = 0x8001,
    PINTLE_INFRA_ITEM = 0x8002,
    PINTLE_INFRA_EVENT = 0x8003
};

/** Fields of packets. */
enum {
    PINTLE_INFRA_VERSION = 1,        /**< u32: major * 65536 + minor. */
    PINTLE_INFRA_STATUS = 2,         /**< i32: 0 or an errno. */
    PINTLE_INFRA_STAGE = 3,          /**< text: what was being done when it failed. */
    PINTLE_INFRA_DETAIL = 4,         /**< text: with which object. */
    PINTLE_INFRA_ID = 5,             /**< text: a container's or an exec session's id. */
    PINTLE_INFRA_CONTAINER = 6,      /**< text: the container that an exec session belongs to. */
    PINTLE_INFRA_SESSION = 7,        /**< text: an attached client. */
    PINTLE_INFRA_PID = 8,            /**< u32: in the host's PID namespace. */
    PINTLE_INFRA_STATE = 9,          /**< u32: one of the states below. */
    PINTLE_INFRA_STARTED_AT = 10,    /**< i64: nanoseconds since 1970. */
    PINTLE_INFRA_FINISHED_AT = 11,   /**< i64: nanoseconds since 1970. */
    PINTLE_INFRA_EXIT_CODE = 12,     /**< i32: 0 to 255; 128 + signal when a signal ended it. */
    PINTLE_INFRA_EXIT_SIGNAL = 13,   /**< i32: the signal that ended it, or that is to be sent. */
    PINTLE_INFRA_OOM_KILLS = 14,     /**< u64: the memory cgroup's counter at the end. */
    PINTLE_INFRA_ROLES = 15,         /**< bytes: the role of each descriptor, in their order. */
    PINTLE_INFRA_FLAGS = 16,         /**< u32: a set of the flags below. */
    PINTLE_INFRA_LOG_PATH = 17,      /**< text: absolute. */
    PINTLE_INFRA_LOG_MAX_BYTES = 18, /**< u64: rotate at the write that would pass it; 0 never. */
    PINTLE_INFRA_LOG_MAX_FILES = 19, /**< u32: kept files, the current one included. */
    PINTLE_INFRA_WIDTH = 20,         /**< u32: columns. */
    PINTLE_INFRA_HEIGHT = 21,        /**< u32: rows. */
    PINTLE_INFRA_CGROUP_PROCS =
        22, /**< text: file listing the processes to kill after the first one ended. */
    PINTLE_INFRA_OOM_FILE = 23,       /**< text: file with a line `oom_kill N`. */
    PINTLE_INFRA_LOG_DROPPED = 24,    /**< u64: bytes of output that could not be logged. */
    PINTLE_INFRA_UID = 25,            /**< u32 */
    PINTLE_INFRA_GID = 26,            /**< u32 */
    PINTLE_INFRA_GROUPS = 27,         /**< bytes: an array of u32. */
    PINTLE_INFRA_JOIN = 28,           /**< text: write `0` here to enter a cgroup; repeated. */
    PINTLE_INFRA_JOIN_DIRECTORY = 29, /**< text: a cgroup v2 directory to be cloned into. */
    PINTLE_INFRA_OOM_SCORE = 30,      /**< i32: attempted. */
    PINTLE_INFRA_HOSTNAME = 31,       /**< text */
    PINTLE_INFRA_SYSCTL = 32,         /**< text: `net/ipv4/ip_forward=1`; repeated. */
    PINTLE_INFRA_SHM_BYTES = 33,      /**< u64: size of the pod's /dev/shm; 0 none. */
    PINTLE_INFRA_PID_MODE = 34,       /**< u32: one of the modes below. */
    PINTLE_INFRA_PID_TARGET = 35,     /**< text: the container whose PID namespace is joined. */
    PINTLE_INFRA_EVENT_TYPE = 36,     /**< u32: one of the events below. */
    PINTLE_INFRA_LOG_ERROR = 37 /**< i32: why the log can't be written; 0 when it can. Since 1.1. */
};

/** Flag of a field: whoever does not know the field must refuse the packet. */
enum { PINTLE_INFRA_FIELD_REQUIRED = 1 };

/** Values of FLAGS. In CONFIGURE the namespaces; in START and EXEC the streams; in SIGNAL the reach. */
enum {
    PINTLE_INFRA_FLAG_LOOPBACK = 1,   /**< Bring up `lo`: the network namespace is the pod's own. */
    PINTLE_INFRA_FLAG_SHARED_PID = 2, /**< Make a PID namespace that containers may share. */
    PINTLE_INFRA_FLAG_USERS = 4, /**< The pod has a user namespace, at PINTLE_INFRA_FD_USERS. */
    PINTLE_INFRA_FLAG_TTY = 16,
    PINTLE_INFRA_FLAG_STDIN = 32,
    PINTLE_INFRA_FLAG_STDIN_ONCE = 64,
    PINTLE_INFRA_FLAG_WHOLE_CGROUP = 256 /**< The signal reaches every process of the cgroup. */
};

enum {
    PINTLE_INFRA_PID_OWN = 0,
    PINTLE_INFRA_PID_POD = 1,
    PINTLE_INFRA_PID_NODE = 2,
    PINTLE_INFRA_PID_OF_TARGET = 3
};

enum {
    PINTLE_INFRA_STATE_STARTING = 1,
    PINTLE_INFRA_STATE_RUNNING = 2,
    PINTLE_INFRA_STATE_EXITED = 3
};

enum {
    PINTLE_INFRA_EVENT_EXITED =
        1, /**< A container or session ended; the fields are those of an item. */
    PINTLE_INFRA_EVENT_DETACHED = 2, /**< A client has left or was dropped. */
    PINTLE_INFRA_EVENT_LOG = 3       /**< LOG_ERROR has changed. Since 1.1. */
};

/** Roles of descriptors. */
enum {
    PINTLE_INFRA_ROLE_SPEC = 1,
    PINTLE_INFRA_ROLE_STDIN = 2,
    PINTLE_INFRA_ROLE_STDOUT = 3,
    PINTLE_INFRA_ROLE_STDERR = 4,
    PINTLE_INFRA_ROLE_NETWORK = 5, /**< The pod's network namespace. */
    PINTLE_INFRA_ROLE_PROCESS = 6  /**< A pidfd. */
};

/** Fields of a specification: what the new process does before its program runs. */
enum {
    PINTLE_SPEC_JOIN = 1,         /**< text: write `0` here to enter a cgroup; repeated. */
    PINTLE_SPEC_OOM_SCORE = 2,    /**< i32: attempted. */
    PINTLE_SPEC_LAYER = 3,        /**< text: a lower directory, topmost first; repeated. */
    PINTLE_SPEC_UPPER = 4,        /**< text */
    PINTLE_SPEC_WORK = 5,         /**< text */
    PINTLE_SPEC_ROOT_FLAGS = 6,   /**< u32 */
    PINTLE_SPEC_MOUNT = 7,        /**< nested; repeated, in order. */
    PINTLE_SPEC_DEVICE = 8,       /**< nested; repeated. */
    PINTLE_SPEC_LINK = 9,         /**< nested; repeated. */
    PINTLE_SPEC_MASK = 10,        /**< text: path to hide; repeated. */
    PINTLE_SPEC_READONLY = 11,    /**< text: path to make read-only; repeated. */
    PINTLE_SPEC_ARGUMENT = 12,    /**< text; repeated. */
    PINTLE_SPEC_ENVIRONMENT = 13, /**< text `NAME=value`; repeated; passed on as they are. */
    PINTLE_SPEC_DIRECTORY = 14,   /**< text: working directory. */
    PINTLE_SPEC_UID = 15,         /**< u32 */
    PINTLE_SPEC_GID = 16,         /**< u32 */
    PINTLE_SPEC_GROUP = 17,       /**< u32: a supplementary group; repeated. */
    PINTLE_SPEC_USER =
        18, /**< text `user[:group]`, looked up in the container unless UID is given. */
    PINTLE_SPEC_USER_FLAGS = 19, /**< u32 */
    PINTLE_SPEC_RLIMIT =
        20, /**< 20 bytes: u32 number, u64 soft, u64 hard; repeated; a refusal is not fatal. */
    PINTLE_SPEC_CAPABILITIES =
        21, /**< five u64: bounding, effective, permitted, inheritable, ambient. */
    PINTLE_SPEC_NO_NEW_PRIVILEGES = 22, /**< u32 */
    PINTLE_SPEC_SECCOMP = 23,           /**< bytes: an array of struct sock_filter. */
    PINTLE_SPEC_APPARMOR = 24,          /**< text: profile to change to at exec. */
    PINTLE_SPEC_UMASK = 25,             /**< u32 */
    PINTLE_SPEC_USERS =
        26 /**< u32: enter the pod's user namespace, whose id 0 is this id of the node's. */
};

/** Values of ROOT_FLAGS. */
enum { PINTLE_SPEC_ROOT_READONLY = 1, PINTLE_SPEC_ROOT_VOLATILE = 2 };

/** Values of USER_FLAGS. */
enum { PINTLE_SPEC_USER_IMAGE_GROUPS = 1 /**< Add the user's groups of /etc/group. */ };

/** Fields of a mount. */
enum {
    PINTLE_MOUNT_KIND = 1,        /**< u32 */
    PINTLE_MOUNT_SOURCE = 2,      /**< text: absolute host path, for a bind. */
    PINTLE_MOUNT_TARGET = 3,      /**< text: absolute path in the container. */
    PINTLE_MOUNT_TYPE = 4,        /**< text: file system type, for a new file system. */
    PINTLE_MOUNT_OPTION = 5,      /**< text `key` or `key=value`; repeated. */
    PINTLE_MOUNT_ATTRIBUTES = 6,  /**< u64: MOUNT_ATTR_* to set. */
    PINTLE_MOUNT_PROPAGATION = 7, /**< u64: MS_PRIVATE, MS_SLAVE or MS_SHARED. */
    PINTLE_MOUNT_FLAGS = 8,       /**< u32 */
    PINTLE_MOUNT_LAYER = 9,       /**< text: for layers: a directory, topmost first; repeated. */
    PINTLE_MOUNT_SUB_PATH = 10    /**< text: for layers: what of them is mounted. */
};
enum {
    PINTLE_MOUNT_BIND = 1,
    PINTLE_MOUNT_NEW = 2,
    PINTLE_MOUNT_SHM = 3,
    PINTLE_MOUNT_LAYERS = 4 /**< Directories on top of each other, which can't be written. */
};
enum {
    PINTLE_MOUNT_RECURSIVE_ATTRIBUTES = 1, /**< The attributes hold for mounts below it too. */
    PINTLE_MOUNT_OPTIONAL = 2, /**< A file system that this kernel refuses is left out. */
    PINTLE_MOUNT_MAPPED = 4,   /**< A bind's owners are shifted by the pod's user namespace. */
    PINTLE_MOUNT_NO_LINKS =
        8 /**< No part of the target may be a link: the image's are not followed. */
};

/** Fields of a device node. */
enum {
    PINTLE_DEVICE_PATH = 1,  /**< text: absolute path in the container. */
    PINTLE_DEVICE_MODE = 2,  /**< u32: type and permissions, as in stat. */
    PINTLE_DEVICE_MAJOR = 3, /**< u32 */
    PINTLE_DEVICE_MINOR = 4, /**< u32 */
    PINTLE_DEVICE_UID = 5,   /**< u32 */
    PINTLE_DEVICE_GID = 6    /**< u32 */
};

/** Fields of a symbolic link. */
enum {
    PINTLE_LINK_PATH = 1,  /**< text: absolute path in the container. */
    PINTLE_LINK_TARGET = 2 /**< text: what it says. */
};

/** The head of every packet, little-endian, 16 bytes; fields follow: u16 tag, u16 flags, u32 length, data. */
struct pintle_infra_header {
    uint16_t kind;
    uint16_t zero;
    uint32_t request; /**< Chosen by the requester, returned in the answers; 0 in events. */
    uint32_t length;  /**< Bytes of fields after the header. */
    uint32_t zero2;
};

#endif
