#define _GNU_SOURCE
#include "pintle_devices.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    most_rules = 200,
    instructions_per_rule = 8,
    most_instructions = 8 + most_rules * instructions_per_rule
};

struct program {
    struct bpf_insn code[most_instructions];
    int count;
};

static void emit(struct program *program, struct bpf_insn instruction) {
    program->code[program->count++] = instruction;
}

static struct bpf_insn load(int destination, int offset) {
    return (struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_W,
                             .dst_reg = (uint8_t)destination & 15u,
                             .src_reg = BPF_REG_1,
                             .off = (int16_t)offset};
}

static struct bpf_insn compute(int operation, int destination, int value) {
    return (struct bpf_insn){.code = (uint8_t)(BPF_ALU | BPF_K | operation),
                             .dst_reg = (uint8_t)destination & 15u,
                             .imm = value};
}

static struct bpf_insn copy(int destination, int source) {
    return (struct bpf_insn){.code = BPF_ALU | BPF_MOV | BPF_X,
                             .dst_reg = (uint8_t)destination & 15u,
                             .src_reg = (uint8_t)source & 15u};
}

static struct bpf_insn skip_unless_equal(int reg, int value, int distance) {
    return (struct bpf_insn){.code = BPF_JMP | BPF_JNE | BPF_K,
                             .dst_reg = (uint8_t)reg & 15u,
                             .off = (int16_t)distance,
                             .imm = value};
}

static void emit_answer(struct program *program, int answer) {
    emit(program, (struct bpf_insn){
                      .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = answer});
    emit(program, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
}

/* Registers: 2 type, 3 wanted access, 4 major, 5 minor. */
static void emit_rule(struct program *program, const struct pintle_device_rule *rule) {
    /* How many instructions of this rule follow the one that jumps. */
    int left = 4 + (rule->type != 'a') + (rule->major_number >= 0) + (rule->minor_number >= 0);
    if (rule->type != 'a') {
        emit(program, skip_unless_equal(
                          BPF_REG_2, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR,
                          --left + 1));
    }
    if (rule->major_number >= 0)
        emit(program, skip_unless_equal(BPF_REG_4, rule->major_number, --left + 1));
    if (rule->minor_number >= 0)
        emit(program, skip_unless_equal(BPF_REG_5, rule->minor_number, --left + 1));
    emit(program, copy(BPF_REG_0, BPF_REG_3));
    emit(program, compute(BPF_AND, BPF_REG_0, ~rule->access & 7));
    emit(program, skip_unless_equal(BPF_REG_0, 0, 2));
    emit_answer(program, 1);
}

static void build(struct program *program, const struct pintle_device_rule *rules, int count) {
    program->count = 0;
    emit(program, load(BPF_REG_2, 0));
    emit(program, copy(BPF_REG_3, BPF_REG_2));
    emit(program, compute(BPF_AND, BPF_REG_2, 0xffff));
    emit(program, compute(BPF_RSH, BPF_REG_3, 16));
    emit(program, load(BPF_REG_4, 4));
    emit(program, load(BPF_REG_5, 8));
    for (int index = 0; index < count; index++)
        emit_rule(program, &rules[index]);
    emit_answer(program, 0);
}

int pintle_device_filter_attach(int cgroup, const struct pintle_device_rule *rules, int32_t count) {
    struct program program;
    union bpf_attr attributes;
    if (count < 0 || count > most_rules) {
        errno = EINVAL;
        return -1;
    }
    build(&program, rules, count);
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = (uint64_t)(uintptr_t)program.code;
    attributes.insn_cnt = (uint32_t)program.count;
    attributes.license = (uint64_t)(uintptr_t) "Apache-2.0";
    int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
    if (fd < 0)
        return -1;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)cgroup;
    attributes.attach_bpf_fd = (uint32_t)fd;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    int result = (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}
