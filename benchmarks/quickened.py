"""What a compiled module looks up again and again, remembered where it is looked up; and integers,
dictionaries and calls without detours.

What the compiler does not know it looks up each time, by the interpreter's general rule: a global
that another module may have set (a message's class, say), an attribute of an object that is not
compiled (a message's field), a method of an object that could be of any class, and whether an
object is of a class that is not compiled. A seed does that 17,000, 42,000, 7,000 and 3,000 times.
The interpreter itself remembers such things by the version that CPython 3.11 keeps of every
dictionary and every type; this puts the same memory into the C text. A version that has changed
is looked up anew, so nothing means anything else.

An integer that compiled code keeps in a register becomes an object whenever it is put into a list
or handed over: 31,000 times a seed. And a product whose factors are not both below 2**31 is worked
out by objects: 1,300 times. Keys of text or of integers are looked up 15,000 times, and callbacks are
called 20,000 times, through layers that serve every kind of key and of callable. The common kinds
are served at once here, as CPython 3.11 lays them out; the others as before.
"""

import re
from pathlib import Path
from typing import Final

_GLOBAL: Final = re.compile(
    r"(\w+) = (CPyStatic_\w*globals);\n(\s*)(\w+) = (CPyStatics\[\d+\]);([^\n]*)\n"
    r"(\s*\w+) = CPyDict_GetItem\(\1, \4\);"
)
_OF_MODULE: Final = re.compile(
    r"(\w+) = (CPyImport_GetModuleCache\(&CPyModule_\w+\));\n(\s*)(\w+) = (CPyStatics\[\d+\]);([^\n]*)\n"
    r"(\s*\w+) = CPyObject_GetAttr\(\1, \4\);"
)
_ATTRIBUTE: Final = re.compile(r"= CPyObject_GetAttr\((\w+), (?P<name>\w+)\);")
_METHOD: Final = re.compile(r"= PyObject_VectorcallMethod\((?P<name>\w+),")
_KIND: Final = re.compile(r"= PyObject_IsInstance\(")
_HAS: Final = re.compile(r"= PyDict_Contains\(")
_CALL: Final = re.compile(r"= PyObject_Vectorcall\(")
_LOADS: Final = r"\1 = \2;\n\3\4 = \5;\6\n\7 = "
_CHANGES: Final = (
    (_GLOBAL, _LOADS + r"SEATRIAL_GLOBAL(\1, \4);"),
    (_OF_MODULE, _LOADS + r"SEATRIAL_OF_MODULE(\1, \4);"),
    (_ATTRIBUTE, r"= SEATRIAL_ATTRIBUTE(\1, \2);"),
    (_METHOD, r"= SEATRIAL_METHOD(\1,"),
    (_KIND, "= SEATRIAL_KIND("),
    (_HAS, "= SEATRIAL_HAS("),
    (_CALL, "= SEATRIAL_CALL("),
)
_INTEGERS: Final = "int_ops.c"  # of the compiler's library, as the next
_DICTIONARIES: Final = "dict_ops.c"
_ITEM: Final = "PyDict_GetItemRef("
_BEGINS: Final = '#include "CPy.h"\n'
_BOXES: Final = "#define CPyLong_FromSsize_t PyLong_FromLong\n"
_MULTIPLIES: Final = "CPyTagged CPyTagged_Multiply_(CPyTagged left, CPyTagged right) {\n"
_HEADER: Final = "__native_internal*.h"
_LIBRARY: Final = "__native*.c"  # beside it lie the compiler's own, and what begins a module

# in every file: what is there
_REMEMBERED: Final = r"""
#ifndef SEATRIAL_REMEMBERED
#define SEATRIAL_REMEMBERED
#if defined(__GNUC__) && PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000
#define SEATRIAL_REMEMBERS
#include "structmember.h"

typedef struct { uint64_t version; PyObject *value; } RememberedGlobal;

static inline PyObject *
remembered_global(RememberedGlobal *seen, PyObject *globals, PyObject *name) {
    if (likely(((PyDictObject *)globals)->ma_version_tag == seen->version)) {
        Py_INCREF(seen->value);  /* the dictionary holds it for as long as it has this version */
        return seen->value;
    }
    PyObject *value = CPyDict_GetItem(globals, name);
    if (value != NULL) {
        seen->version = ((PyDictObject *)globals)->ma_version_tag;
        seen->value = value;
    }
    return value;
}

static inline PyObject *
remembered_of_module(RememberedGlobal *seen, PyObject *module, PyObject *name) {
    PyObject *names = PyModule_CheckExact(module) ? PyModule_GetDict(module) : NULL;
    if (likely(names != NULL && ((PyDictObject *)names)->ma_version_tag == seen->version)) {
        Py_INCREF(seen->value);
        return seen->value;
    }
    PyObject *value = CPyObject_GetAttr(module, name);
    if (value != NULL && names != NULL && PyDict_GetItemWithError(names, name) == value) {
        seen->version = ((PyDictObject *)names)->ma_version_tag;
        seen->value = value;
    }
    return value;
}

/* Of eight types, the first where the place is; a version of 0 is none, and so is an offset of 0
   (which is where an object counts its references). `others` counts what lay in no slot: a place
   that only methods or properties pass is soon left alone. */
#define SEATRIAL_SLOTS 8
#define SEATRIAL_OTHERS_MAX 4
typedef struct {
    unsigned int versions[SEATRIAL_SLOTS];
    int offsets[SEATRIAL_SLOTS];
    unsigned char next, others;
} RememberedSlot;

__attribute__((visibility("hidden"), noinline)) PyObject *
look_for_slot(RememberedSlot *seen, PyObject *object, PyObject *name);

static inline PyObject *
remembered_attribute(RememberedSlot *seen, PyObject *object, PyObject *name) {
    if (likely(Py_TYPE(object)->tp_version_tag == seen->versions[0] && seen->offsets[0] != 0)) {
        PyObject *value = *(PyObject **)((char *)object + seen->offsets[0]);
        if (likely(value != NULL)) {
            Py_INCREF(value);
            return value;
        }
    }
    return look_for_slot(seen, object, name);
}

/* Methods of two types: functions that take `self` first, of objects that cannot have an
   attribute of that name themselves. Of a compiled one its C function is called. */
#define SEATRIAL_METHODS 2
typedef struct {
    unsigned int versions[SEATRIAL_METHODS];
    PyObject *functions[SEATRIAL_METHODS];  /* the type holds it for as long as it has this version */
    _PyCFunctionFastWithKeywords compiled[SEATRIAL_METHODS];
    unsigned char next, others;
} RememberedMethod;

__attribute__((visibility("hidden"), noinline)) PyObject *
look_for_method(RememberedMethod *seen, PyObject *name, PyObject *const *args, size_t nargsf,
                PyObject *kwnames);

static inline PyObject *
call_remembered(RememberedMethod *seen, PyObject *name, PyObject *const *args, size_t nargsf,
                PyObject *kwnames) {
    if (likely(Py_TYPE(args[0])->tp_version_tag == seen->versions[0]
               && seen->compiled[0] != NULL)) {
        Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
        return seen->compiled[0](args[0], args + 1, nargs - 1, kwnames);
    }
    return look_for_method(seen, name, args, nargsf, kwnames);
}

/* Whether objects of eight types are of a class, where nothing but the type decides that: the
   class's own class leaves the question to `type`, and the object says of itself what it is. */
#define SEATRIAL_KINDS 8
typedef struct {
    PyObject *class_;
    unsigned int of_class;  /* version of the class's class */
    unsigned int versions[SEATRIAL_KINDS];
    unsigned char answers[SEATRIAL_KINDS];
    unsigned char next;
} RememberedKind;

__attribute__((visibility("hidden"), noinline)) int
is_of_kind(RememberedKind *seen, PyObject *object, PyObject *class_);

/* A key of text or a small integer, whose hash is at hand, in a dictionary that keeps its values
   beside its keys: 1 and the value, borrowed; 0 when it is not there; -1: ask the interpreter. */
__attribute__((visibility("hidden"), noinline)) int
item_at_once(PyObject *dict, PyObject *key, PyObject **value);

static inline int
has_item(PyObject *dict, PyObject *key) {
    PyObject *value;
    int found = item_at_once(dict, key, &value);
    return found < 0 ? PyDict_Contains(dict, key) : found;
}

__attribute__((visibility("hidden"), noinline)) PyObject *
call_at_once(PyObject *called, PyObject *const *args, size_t nargsf, PyObject *kwnames);

#define SEATRIAL_HAS(dict, key) has_item((dict), (key))
#define SEATRIAL_CALL(called, args, nargsf, kwnames) \
    call_at_once((called), (args), (nargsf), (PyObject *)(kwnames))
#define SEATRIAL_KIND(object, class_) \
    ({ static RememberedKind seen_; \
       PyObject *one_ = (object), *other_ = (class_); \
       Py_TYPE(one_) == (PyTypeObject *)other_ ? 1 : is_of_kind(&seen_, one_, other_); })
#define SEATRIAL_METHOD(name, args, nargsf, kwnames) \
    ({ static RememberedMethod seen_; \
       call_remembered(&seen_, (name), (args), (nargsf), (PyObject *)(kwnames)); })
#define SEATRIAL_GLOBAL(globals, name) \
    ({ static RememberedGlobal seen_; remembered_global(&seen_, (globals), (name)); })
#define SEATRIAL_OF_MODULE(module, name) \
    ({ static RememberedGlobal seen_; remembered_of_module(&seen_, (module), (name)); })
#define SEATRIAL_ATTRIBUTE(object, name) \
    ({ static RememberedSlot seen_; remembered_attribute(&seen_, (object), (name)); })
#else
#define SEATRIAL_GLOBAL(globals, name) CPyDict_GetItem((globals), (name))
#define SEATRIAL_HAS(dict, key) PyDict_Contains((dict), (key))
#define SEATRIAL_CALL(called, args, nargsf, kwnames) \
    PyObject_Vectorcall((called), (args), (nargsf), (kwnames))
#define SEATRIAL_KIND(object, class_) PyObject_IsInstance((object), (class_))
#define SEATRIAL_METHOD(name, args, nargsf, kwnames) \
    PyObject_VectorcallMethod((name), (args), (nargsf), (kwnames))
#define SEATRIAL_OF_MODULE(module, name) CPyObject_GetAttr((module), (name))
#define SEATRIAL_ATTRIBUTE(object, name) CPyObject_GetAttr((object), (name))
#endif
#endif
"""

# in one file: what is not there yet
_LOOKED_UP: Final = r"""
#ifdef SEATRIAL_REMEMBERS
PyObject *
look_for_slot(RememberedSlot *seen, PyObject *object, PyObject *name) {
    PyTypeObject *type = Py_TYPE(object);
    for (int which = 1; which < SEATRIAL_SLOTS; which++) {
        if (type->tp_version_tag == seen->versions[which] && seen->offsets[which] != 0) {
            PyObject *value = *(PyObject **)((char *)object + seen->offsets[which]);
            if (value != NULL) {
                Py_INCREF(value);
                return value;
            }
        }
    }
    if (seen->others < SEATRIAL_OTHERS_MAX) {
        PyObject *found =
            type->tp_getattro == PyObject_GenericGetAttr ? _PyType_Lookup(type, name) : NULL;
        PyMemberDef *slot = NULL;
        if (found != NULL && Py_IS_TYPE(found, &PyMemberDescr_Type)
            && PyType_IsSubtype(type, ((PyDescrObject *)found)->d_type)) {
            slot = ((PyMemberDescrObject *)found)->d_member;
        }
        if (slot != NULL && slot->type == T_OBJECT_EX && !(slot->flags & PY_AUDIT_READ)
            && slot->offset > 0 && slot->offset <= INT_MAX && type->tp_version_tag != 0) {
            seen->versions[seen->next] = type->tp_version_tag;
            seen->offsets[seen->next] = (int)slot->offset;
            seen->next = (seen->next + 1) % SEATRIAL_SLOTS;
        } else {
            seen->others++;
        }
    }
    return PyObject_GetAttr(object, name);
}

PyObject *
look_for_method(RememberedMethod *seen, PyObject *name, PyObject *const *args, size_t nargsf,
                PyObject *kwnames) {
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    PyTypeObject *type = Py_TYPE(args[0]);
    for (int which = 0; which < SEATRIAL_METHODS; which++) {
        if (type->tp_version_tag == seen->versions[which] && seen->functions[which] != NULL) {
            if (seen->compiled[which] != NULL) {
                return seen->compiled[which](args[0], args + 1, nargs - 1, kwnames);
            }
            return PyObject_Vectorcall(seen->functions[which], args, (size_t)nargs, kwnames);
        }
    }
    if (seen->others < SEATRIAL_OTHERS_MAX) {
        PyObject *found = type->tp_getattro == PyObject_GenericGetAttr && type->tp_dictoffset == 0
                              ? _PyType_Lookup(type, name)
                              : NULL;
        if (found != NULL && PyType_HasFeature(Py_TYPE(found), Py_TPFLAGS_METHOD_DESCRIPTOR)
            && type->tp_version_tag != 0) {
            int next = seen->next;
            seen->versions[next] = type->tp_version_tag;
            seen->functions[next] = found;
            seen->compiled[next] = NULL;
            if (Py_IS_TYPE(found, &PyMethodDescr_Type)) {
                PyMethodDef *method = ((PyMethodDescrObject *)found)->d_method;
                if (method->ml_flags == (METH_FASTCALL | METH_KEYWORDS)) {
                    seen->compiled[next] =
                        (_PyCFunctionFastWithKeywords)(void (*)(void))method->ml_meth;
                }
            }
            seen->next = (next + 1) % SEATRIAL_METHODS;
        } else {
            seen->others++;
        }
    }
    return PyObject_VectorcallMethod(name, args, nargsf, kwnames);
}

static int
decided_by_type_alone(PyTypeObject *type, PyObject *class_) {
    static PyObject *check, *itself;
    if (itself == NULL) {
        check = PyUnicode_InternFromString("__instancecheck__");
        itself = PyUnicode_InternFromString("__class__");
    }
    return check != NULL && itself != NULL && PyType_Check(class_)
           && _PyType_Lookup(Py_TYPE(class_), check) == _PyType_Lookup(&PyType_Type, check)
           && _PyType_Lookup(type, itself) == _PyType_Lookup(&PyBaseObject_Type, itself)
           && type->tp_getattro == PyObject_GenericGetAttr && type->tp_version_tag != 0
           && Py_TYPE(class_)->tp_version_tag != 0;
}

int
is_of_kind(RememberedKind *seen, PyObject *object, PyObject *class_) {
    PyTypeObject *type = Py_TYPE(object);
    int known = class_ == seen->class_ && Py_TYPE(class_)->tp_version_tag == seen->of_class;
    for (int which = 0; known && which < SEATRIAL_KINDS; which++) {
        if (type->tp_version_tag == seen->versions[which] && seen->versions[which] != 0) {
            return seen->answers[which];
        }
    }
    int answer = PyObject_IsInstance(object, class_);
    if (answer >= 0 && decided_by_type_alone(type, class_)) {
        if (!known) {
            Py_INCREF(class_);  /* for good: no other class shall have its place in memory */
            Py_XDECREF(seen->class_);
            memset(seen, 0, sizeof(*seen));
            seen->class_ = class_;
            seen->of_class = Py_TYPE(class_)->tp_version_tag;
        }
        seen->versions[seen->next] = type->tp_version_tag;
        seen->answers[seen->next] = (unsigned char)answer;
        seen->next = (seen->next + 1) % SEATRIAL_KINDS;
    }
    return answer;
}

/* of a dictionary, what its keys begin with; behind the indices lie the entries */
typedef struct {
    Py_ssize_t refcnt;
    uint8_t log2_size, log2_index_bytes, kind;
    uint32_t version;
    Py_ssize_t usable, nentries;
    char indices[];
} KeysOfDict;
typedef struct { Py_hash_t hash; PyObject *key, *value; } AnyEntry;
typedef struct { PyObject *key, *value; } TextEntry;
enum { ANY_KEYS = 0, TEXT_KEYS = 1, NOBODY = -1, WAS_THERE = -2 };

static inline int
is_text(PyTypeObject *type) {
    return type == &PyUnicode_Type
           || (type->tp_hash == PyUnicode_Type.tp_hash
               && type->tp_richcompare == PyUnicode_Type.tp_richcompare);
}

/* of two texts with the same hash */
static inline int
are_equal_texts(PyObject *one, PyObject *other) {
    Py_ssize_t length = PyUnicode_GET_LENGTH(one);
    unsigned int kind = PyUnicode_KIND(one);
    return length == PyUnicode_GET_LENGTH(other) && kind == PyUnicode_KIND(other)
           && memcmp(PyUnicode_DATA(one), PyUnicode_DATA(other), (size_t)length * kind) == 0;
}

int
item_at_once(PyObject *dict, PyObject *key, PyObject **value) {
    PyDictObject *given = (PyDictObject *)dict;
    PyTypeObject *type = Py_TYPE(key);
    Py_hash_t hash;
    int is_integer = 0;
    if (is_text(type)) {
        hash = ((PyASCIIObject *)key)->hash;
        if (hash == -1) {
            return -1;
        }
    } else if (type == &PyLong_Type && (size_t)Py_SIZE(key) <= 2) {
        hash = 0;  /* below 2**60 an integer is its own hash */
        for (Py_ssize_t at = Py_SIZE(key) - 1; at >= 0; at--) {
            hash = hash << PyLong_SHIFT | (Py_hash_t)((PyLongObject *)key)->ob_digit[at];
        }
        is_integer = 1;
    } else {
        return -1;
    }
    KeysOfDict *keys = (KeysOfDict *)given->ma_keys;
    if (keys->kind > TEXT_KEYS) {  /* its values lie elsewhere */
        return -1;
    }
    char *entries = keys->indices + ((size_t)1 << keys->log2_index_bytes);
    size_t mask = ((size_t)1 << keys->log2_size) - 1, perturb = (size_t)hash;
    for (size_t at = (size_t)hash & mask;; perturb >>= 5, at = (at * 5 + perturb + 1) & mask) {
        Py_ssize_t index = keys->log2_size < 8 ? ((int8_t *)keys->indices)[at]
                           : keys->log2_size < 16 ? ((int16_t *)keys->indices)[at]
                           : keys->log2_size < 32 ? ((int32_t *)keys->indices)[at]
                                                  : ((int64_t *)keys->indices)[at];
        if (index == NOBODY) {
            return 0;
        }
        if (index == WAS_THERE) {
            continue;
        }
        PyObject *there;
        if (keys->kind == TEXT_KEYS) {
            TextEntry *entry = (TextEntry *)entries + index;
            there = entry->key;
            *value = entry->value;
            if (there != key && ((PyASCIIObject *)there)->hash != hash) {
                continue;
            }
        } else {
            AnyEntry *entry = (AnyEntry *)entries + index;
            there = entry->key;
            *value = entry->value;
            if (there != key && entry->hash != hash) {
                continue;
            }
        }
        if (there == key) {
            return 1;
        }
        if (is_integer) {
            /* whole numbers of as many digits with the same hash are the same below 2**60 */
            if (Py_IS_TYPE(there, &PyLong_Type) && Py_SIZE(there) == Py_SIZE(key)) {
                return 1;
            }
            return -1;
        }
        if (!is_text(Py_TYPE(there))) {
            return -1;
        }
        if (are_equal_texts(there, key)) {
            return 1;
        }
    }
}

PyObject *
call_at_once(PyObject *called, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyTypeObject *type = Py_TYPE(called);
    if (type == &PyCFunction_Type) {
        PyMethodDef *method = ((PyCFunctionObject *)called)->m_ml;
        PyObject *self = ((PyCFunctionObject *)called)->m_self;
        Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
        if (method->ml_flags == (METH_FASTCALL | METH_KEYWORDS)) {
            return ((_PyCFunctionFastWithKeywords)(void (*)(void))method->ml_meth)(self, args, nargs,
                                                                                  kwnames);
        }
        if (kwnames == NULL && method->ml_flags == METH_FASTCALL) {
            return ((_PyCFunctionFast)(void (*)(void))method->ml_meth)(self, args, nargs);
        }
        if (kwnames == NULL && nargs == 1 && method->ml_flags == METH_O) {
            return method->ml_meth(self, args[0]);
        }
    }
    if (type->tp_flags & Py_TPFLAGS_HAVE_VECTORCALL) {
        vectorcallfunc call = *(vectorcallfunc *)((char *)called + type->tp_vectorcall_offset);
        if (call != NULL) {
            return call(called, args, nargsf, kwnames);
        }
    }
    return PyObject_Vectorcall(called, args, nargsf, kwnames);
}
#endif
"""

# in the library's file of dictionaries
_FOUND: Final = r"""
#if defined(__GNUC__) && PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000
__attribute__((visibility("hidden"), noinline)) int
item_at_once(PyObject *dict, PyObject *key, PyObject **value);

static inline int
item_of(PyObject *dict, PyObject *key, PyObject **value) {
    int found = item_at_once(dict, key, value);
    if (found > 0) {
        Py_INCREF(*value);
    } else if (found == 0) {
        *value = NULL;
    } else {
        found = PyDict_GetItemRef(dict, key, value);
    }
    return found;
}
#else
#define item_of PyDict_GetItemRef
#endif
"""

# in the library's file of integers, each beside what it replaces
_MADE: Final = r"""
#if defined(__SIZEOF_INT128__) && PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000 \
    && PYLONG_BITS_IN_DIGIT == 30 && !defined(Py_TRACE_REFS) && !defined(Py_REF_DEBUG)
#define SEATRIAL_MAKES_INTEGERS
#define SEATRIAL_SMALLEST (-5)
#define SEATRIAL_LARGEST 256

static inline PyLongObject *
integer_with_digits(Py_ssize_t count, int is_negative) {
    PyLongObject *made =
        PyObject_Malloc(offsetof(PyLongObject, ob_digit) + (size_t)count * sizeof(digit));
    if (unlikely(made == NULL)) {
        CPyError_OutOfMemory();
    }
    Py_SET_REFCNT((PyObject *)made, 1);
    Py_SET_TYPE((PyObject *)made, &PyLong_Type);
    Py_SET_SIZE((PyVarObject *)made, is_negative ? -count : count);
    return made;
}

static PyObject *
integer_of(long value) {
    static PyObject *small[SEATRIAL_LARGEST - SEATRIAL_SMALLEST + 1];  /* the interpreter's */
    if (value >= SEATRIAL_SMALLEST && value <= SEATRIAL_LARGEST) {
        PyObject **known = &small[value - SEATRIAL_SMALLEST];
        if (unlikely(*known == NULL)) {
            *known = PyLong_FromLong(value);
            if (*known == NULL) {
                return NULL;
            }
        }
        Py_INCREF(*known);
        return *known;
    }
    unsigned long size = value < 0 ? 0UL - (unsigned long)value : (unsigned long)value;
    Py_ssize_t count = size >> PyLong_SHIFT == 0 ? 1 : size >> 2 * PyLong_SHIFT == 0 ? 2 : 3;
    PyLongObject *made = integer_with_digits(count, value < 0);
    made->ob_digit[0] = (digit)(size & PyLong_MASK);
    if (count > 1) {
        made->ob_digit[1] = (digit)(size >> PyLong_SHIFT & PyLong_MASK);
        if (count > 2) {
            made->ob_digit[2] = (digit)(size >> 2 * PyLong_SHIFT);
        }
    }
    return (PyObject *)made;
}
#define CPyLong_FromSsize_t integer_of
#else
#define CPyLong_FromSsize_t PyLong_FromLong
#endif
"""
_MULTIPLIED: Final = r"""
#ifdef SEATRIAL_MAKES_INTEGERS
    if (CPyTagged_CheckShort(left) && CPyTagged_CheckShort(right)) {
        __int128 product = (__int128)CPyTagged_ShortAsSsize_t(left) * CPyTagged_ShortAsSsize_t(right);
        if (product >= CPY_TAGGED_MIN && product <= CPY_TAGGED_MAX) {
            return (CPyTagged)((Py_ssize_t)product << 1);
        }
        unsigned __int128 size =
            product < 0 ? -(unsigned __int128)product : (unsigned __int128)product;
        /* beyond 2**61 and below 2**125 */
        Py_ssize_t count = size >> 3 * PyLong_SHIFT == 0 ? 3 : size >> 4 * PyLong_SHIFT == 0 ? 4 : 5;
        PyLongObject *large = integer_with_digits(count, product < 0);
        for (Py_ssize_t at = 0; at < count; at++, size >>= PyLong_SHIFT) {
            large->ob_digit[at] = (digit)(size & PyLong_MASK);
        }
        return (CPyTagged)large | CPY_INT_TAG;
    }
#endif
"""


def _asks_the_same_each_time(found: re.Match[str]) -> bool:
    """Whether the name that is asked for is a constant: `getattr` may be given any. The compiler
    loads a constant into a variable that it sets nowhere else."""
    name = found.groupdict().get("name")
    if name is None:
        return True
    set_at = found.string.rfind(f" {name} = ", 0, found.start())
    return found.string.startswith(f" {name} = CPyStatics[", set_at)


def remember(directory: Path) -> list[int]:
    """Change the C text that the compiler left in `directory`.

    Returns:
        How many places look up a global, a name of another module, an attribute, a method,
        how many ask for the class of an object, for a key in a dictionary, how many call, and
        how many are changed in the compiler's library.
    """
    for header in directory.glob(_HEADER):
        header.write_text(header.read_text() + _REMEMBERED)
    counts = [0] * (len(_CHANGES) + 1)
    library = sorted(directory.glob(_LIBRARY))
    for file in library:
        text = file.read_text()
        for number, (pattern, replacement) in enumerate(_CHANGES):
            parts: list[str] = []
            done = 0
            for found in filter(_asks_the_same_each_time, pattern.finditer(text)):
                parts += text[done : found.start()], found.expand(replacement)
                done = found.end()
                counts[number] += 1
            text = "".join((*parts, text[done:]))
        file.write_text(text)
    for file in library[:1]:
        file.write_text(file.read_text() + _LOOKED_UP)
    for file in directory.glob(_DICTIONARIES):
        text = file.read_text()
        counts[-1] += text.count(_ITEM)
        file.write_text(text.replace(_ITEM, "item_of(").replace(_BEGINS, _BEGINS + _FOUND, 1))
    for file in directory.glob(_INTEGERS):
        text = file.read_text()
        counts[-1] += text.count(_BOXES) + text.count(_MULTIPLIES)
        text = text.replace(_BOXES, _MADE).replace(_MULTIPLIES, _MULTIPLIES + _MULTIPLIED)
        file.write_text(text)
    return counts
