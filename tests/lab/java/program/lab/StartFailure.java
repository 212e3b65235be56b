// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package lab;

/** Why a program cannot start, in a sentence for its log. */
public final class StartFailure extends Exception {
    private static final long serialVersionUID = 1L;

    public StartFailure(String reason) {
        super(reason);
    }

    /** With everything that caused it, outermost first. */
    public StartFailure(String what, Throwable cause) {
        super(what + ": " + chain(cause));
    }

    private static String chain(Throwable cause) {
        StringBuilder text = new StringBuilder();
        for (Throwable link = cause; link != null; link = link.getCause()) {
            text.append(text.length() == 0 ? "" : ", caused by ").append(link);
        }
        return text.toString();
    }
}
