(** One step of Simulation, by its mode: 0, nothing is evicted; j >= 1, stage j is the one cut. *)

From Coq Require Import ZArith QArith List Bool Lqa Lia Setoid.
From Homeostat Require Import Model Forms.
Import ListNotations.
Open Scope Q_scope.

Definition same : list Q -> list Q -> Prop := Forall2 Qeq.
Definition pos (w : list Q) : Prop := Forall (fun y => 0 < y) w.

(** Tokens that advance into stages j and up (j >= 1). *)
Definition advancing (w : list Q) (j : nat) (M : list Q) : Q := dot (skipn j w) (skipn (pred j) M).

Definition mode_step (w : list Q) (B : Q) (j : nat) (M : list Q) : list Q :=
  repeat 0 j ++ (B - dot (skipn (S j) w) (skipn j M)) / nth j w 0
             :: firstn (length w - S j) (skipn j M).

Lemma same_refl (M : list Q) : same M M.
Proof. induction M; constructor; auto. reflexivity. Qed.

Lemma same_trans (L M N : list Q) : same L M -> same M N -> same L N.
Proof.
  intros H. revert N. induction H; intros N HN; inversion HN; subst; constructor.
  - now rewrite H.
  - now apply IHForall2.
Qed.

Lemma same_sym (M N : list Q) : same M N -> same N M.
Proof. induction 1; constructor; auto. now symmetry. Qed.

Lemma same_Qred (M : list Q) : same (map Qred M) M.
Proof. induction M; constructor; auto. apply Qred_correct. Qed.

Lemma same_length (M N : list Q) : same M N -> length M = length N.
Proof. induction 1; simpl; congruence. Qed.

Lemma same_nth (M N : list Q) (i : nat) : same M N -> nth i M 0 == nth i N 0.
Proof. intros H. revert i. induction H; intros [|i]; simpl; auto; reflexivity. Qed.

Lemma same_dot (w M N : list Q) : same M N -> dot w M == dot w N.
Proof.
  intros H. revert w. induction H; intros [|a w]; simpl; try reflexivity.
  rewrite H, (IHForall2 w). reflexivity.
Qed.

Lemma same_nonneg (M N : list Q) : same M N -> nonneg M -> nonneg N.
Proof.
  induction 1; intros HM; constructor; inversion HM; subst.
  - now rewrite <- H.
  - now apply IHForall2.
Qed.

Lemma same_firstn (k : nat) (M N : list Q) : same M N -> same (firstn k M) (firstn k N).
Proof. intros H. revert k. induction H; intros [|k]; simpl; constructor; auto. apply IHForall2. Qed.

Lemma nonneg_skipn (k : nat) (M : list Q) : nonneg M -> nonneg (skipn k M).
Proof. revert M. induction k; intros [|a M] H; simpl; auto. inversion H; subst. now apply IHk. Qed.

Lemma nonneg_firstn (k : nat) (M : list Q) : nonneg M -> nonneg (firstn k M).
Proof.
  revert M. induction k; intros [|a M] H; simpl; try constructor; inversion H; subst; auto.
  now apply IHk.
Qed.

Lemma pos_skipn (k : nat) (w : list Q) : pos w -> pos (skipn k w).
Proof. revert w. induction k; intros [|a w] H; simpl; auto. inversion H; subst. now apply IHk. Qed.

Lemma pos_nth (k : nat) (w : list Q) : pos w -> (k < length w)%nat -> 0 < nth k w 0.
Proof.
  intros H Hk. unfold pos in H. rewrite Forall_forall in H. apply H, nth_In, Hk.
Qed.

Lemma dot_nonneg (w M : list Q) : pos w -> nonneg M -> 0 <= dot w M.
Proof.
  intros Hw. revert M. induction Hw as [|a w Ha Hw IH]; intros [|m M] HM; simpl; try lra.
  inversion HM; subst. specialize (IH M ltac:(assumption)). nra.
Qed.

Lemma div_nonneg (a b : Q) : 0 <= a -> 0 < b -> 0 <= a / b.
Proof. intros. apply Qle_shift_div_l; lra. Qed.

(** What the scan does where nothing is cut. *)
Lemma scan_open (B : Q) (ws ms : list Q) :
  pos ws -> nonneg ms -> (length ws <= length ms)%nat -> dot ws ms <= B ->
  exists rest, scan B ws ms = (firstn (length ws) ms, Some rest) /\ rest == B - dot ws ms.
Proof.
  intros Hw. revert ms. induction Hw as [|w ws Hp Hw IH]; intros ms Hm Hl HB; simpl.
  - exists B. split; [reflexivity|ring].
  - destruct ms as [|m ms]; simpl in *; [lia|]. inversion Hm; subst.
    assert (0 <= w * m) by nra.
    destruct (IH ms) as [rest [E Er]]; try assumption; try lia; [lra|].
    rewrite E. destruct (Qle_bool (w * m) rest) eqn:L.
    + exists (rest - w * m). split; [reflexivity|]. rewrite Er. ring.
    + exfalso. apply not_true_iff_false in L. apply L, Qle_bool_iff. rewrite Er. lra.
Qed.

Definition room_left (room : option Q) : Q := match room with Some rest => rest | None => 0 end.

(** What the scan does where the k-th of the stages is cut, or exactly full. *)
Lemma scan_cut (B : Q) (k : nat) (ws ms : list Q) :
  pos ws -> nonneg ms -> (length ws <= length ms)%nat -> (k < length ws)%nat ->
  dot (skipn (S k) ws) (skipn (S k) ms) <= B -> B <= dot (skipn k ws) (skipn k ms) ->
  exists kept room, scan B ws ms = (kept, room) /\ room_left room == 0 /\
    same kept (repeat 0 k ++ (B - dot (skipn (S k) ws) (skipn (S k) ms)) / nth k ws 0
                          :: firstn (length ws - S k) (skipn (S k) ms)).
Proof.
  revert ws ms. induction k as [|k IH]; intros ws ms Hw Hm Hl Hk Hlo Hhi;
    destruct ws as [|w ws]; simpl in Hk; try lia; destruct ms as [|m ms]; simpl in Hl; try lia;
    inversion Hw; inversion Hm; subst.
  - simpl in Hlo, Hhi. destruct (scan_open B ws ms) as [rest [E Er]]; try assumption; try lia.
    simpl. rewrite E, Nat.sub_0_r.
    destruct (Qle_bool (w * m) rest) eqn:L.
    + apply Qle_bool_iff in L. assert (rest == w * m) by lra.
      eexists _, _. split; [reflexivity|]. split; [simpl; lra|].
      constructor; [|apply same_refl]. rewrite <- Er, H. field. lra.
    + eexists _, _. split; [reflexivity|]. split; [simpl; reflexivity|].
      constructor; [|apply same_refl]. now rewrite Er.
  - destruct (IH ws ms) as [kept [room [E [E0 Es]]]]; try assumption; try lia.
    simpl scan. rewrite E. destruct room as [rest|]; simpl in E0.
    + destruct (Qle_bool (w * m) rest) eqn:L.
      * apply Qle_bool_iff in L. assert (m == 0) by nra.
        eexists _, _. split; [reflexivity|]. split; [simpl; nra|].
        simpl. constructor; assumption.
      * eexists _, _. split; [reflexivity|]. split; [simpl; reflexivity|].
        simpl. constructor; [|assumption]. rewrite E0. field. lra.
    + eexists _, _. split; [reflexivity|]. split; [simpl; reflexivity|].
      simpl. constructor; [reflexivity|assumption].
Qed.

Lemma nth_firstn (k s : nat) (M : list Q) : (s < k)%nat -> nth s (firstn k M) 0 = nth s M 0.
Proof.
  revert s M. induction k; intros s M H; [lia|].
  destruct M; [now rewrite firstn_nil|]. destruct s; simpl; [reflexivity|]. apply IHk. lia.
Qed.

Lemma simulation_open (w M : list Q) (B : Q) :
  pos w -> nonneg M -> length M = length w -> w <> [] -> advancing w 1 M <= B ->
  same (simulation_step w B M) (mode_step w B 0 M) /\
  forall s, (S s < length w)%nat -> nth (S s) (simulation_step w B M) 0 = nth s M 0.
Proof.
  intros Hw Hm Hl Hn HB. destruct w as [|w0 ws]; [congruence|].
  inversion Hw; subst. unfold advancing in HB. simpl in HB, Hl.
  destruct (scan_open B ws M) as [rest [E Er]]; try assumption; [lia|].
  unfold mode_step. simpl. rewrite E, Nat.sub_0_r. split.
  - constructor; [now rewrite Er|apply same_refl].
  - intros s Hs. simpl. apply nth_firstn. lia.
Qed.

Lemma simulation_cut (w M : list Q) (B : Q) (j : nat) :
  pos w -> nonneg M -> length M = length w -> (1 <= j < length w)%nat ->
  advancing w (S j) M <= B -> B <= advancing w j M ->
  same (simulation_step w B M) (mode_step w B j M).
Proof.
  intros Hw Hm Hl Hj Hlo Hhi. destruct j as [|k]; [lia|].
  destruct w as [|w0 ws]; [simpl in Hj; lia|]. inversion Hw; subst.
  unfold advancing in *. simpl in Hl, Hj, Hlo, Hhi.
  destruct (scan_cut B k ws M) as [kept [room [E [E0 Es]]]]; try assumption; try lia.
  unfold mode_step. simpl. rewrite E. destruct room as [rest|]; simpl in E0.
  - constructor; [|assumption]. rewrite E0. field. lra.
  - constructor; [reflexivity|assumption].
Qed.

Lemma dot_skipn (k : nat) (v M : list Q) :
  (k < length v)%nat -> (k < length M)%nat ->
  dot (skipn k v) (skipn k M) == nth k v 0 * nth k M 0 + dot (skipn (S k) v) (skipn (S k) M).
Proof.
  revert v M. induction k as [|k IH]; intros [|a v] [|m M]; simpl; try lia; intros.
  - reflexivity.
  - apply IH; lia.
Qed.

Lemma advancing_step (w M : list Q) (j : nat) :
  (1 <= j)%nat -> (j < length w)%nat -> length M = length w ->
  advancing w j M == nth j w 0 * nth (pred j) M 0 + advancing w (S j) M.
Proof.
  intros Hj Hw Hl. destruct j as [|k]; [lia|]. destruct w as [|a v]; [simpl in Hw; lia|].
  simpl in Hw, Hl. apply (dot_skipn k v M); lia.
Qed.

Lemma advancing_end (w M : list Q) : advancing w (length w) M == 0.
Proof. unfold advancing. rewrite skipn_all. reflexivity. Qed.

Lemma advancing_decreases (w M : list Q) (i j : nat) :
  pos w -> nonneg M -> length M = length w -> (1 <= i <= j)%nat -> (j <= length w)%nat ->
  advancing w j M <= advancing w i M.
Proof.
  intros Hw Hm Hl Hij Hj. induction j as [|j IH]; [lia|].
  destruct (Nat.eq_dec i (S j)) as [->|Hne]; [apply Qle_refl|].
  pose proof (advancing_step w M j ltac:(lia) ltac:(lia) Hl) as E.
  assert (0 < nth j w 0) by (apply pos_nth; [assumption|lia]).
  assert (0 <= nth (pred j) M 0).
  { unfold nonneg in Hm. rewrite Forall_forall in Hm. apply Hm, nth_In. lia. }
  specialize (IH ltac:(lia) ltac:(lia)). nra.
Qed.

(** Where stage j is the first, from below, above which everything fits. *)
Lemma first_mode (w M : list Q) (B : Q) (n : nat) :
  (1 <= n)%nat -> advancing w n M <= B ->
  exists j, (j < n)%nat /\ advancing w (S j) M <= B /\ (j = 0%nat \/ B < advancing w j M).
Proof.
  induction n as [|n IH]; intros Hn HB; [lia|].
  destruct n as [|n]; [exists 0%nat; repeat split; auto|].
  destruct (Qlt_le_dec B (advancing w (S n) M)) as [L|L].
  - exists (S n). repeat split; auto.
  - destruct IH as [j [Hj H]]; [lia|assumption|]. exists j. split; [lia|assumption].
Qed.

(** A step in a mode keeps the numbers nonnegative and the tokens. *)
Lemma mode_step_length (w M : list Q) (B : Q) (j : nat) :
  (j < length w)%nat -> length M = length w -> length (mode_step w B j M) = length w.
Proof.
  intros Hj Hl. unfold mode_step. rewrite app_length, repeat_length. simpl.
  rewrite firstn_length, skipn_length. lia.
Qed.

Lemma mode_step_nonneg (w M : list Q) (B : Q) (j : nat) :
  pos w -> nonneg M -> (j < length w)%nat -> advancing w (S j) M <= B ->
  nonneg (mode_step w B j M).
Proof.
  intros Hw Hm Hj HB. unfold mode_step, nonneg. apply Forall_app. split.
  - apply Forall_forall. intros x Hx. apply repeat_spec in Hx. subst. apply Qle_refl.
  - constructor.
    + apply div_nonneg; [unfold advancing in HB; simpl in HB; simpl; lra|now apply pos_nth].
    + apply nonneg_firstn, nonneg_skipn, Hm.
Qed.

Lemma dot_firstn (w M : list Q) (k : nat) : (length w <= k)%nat -> dot w (firstn k M) == dot w M.
Proof.
  revert M k. induction w as [|a w IH]; intros M k Hk; [destruct M, k; reflexivity|].
  destruct k; simpl in Hk; [lia|]. destruct M; simpl; [reflexivity|]. rewrite IH by lia.
  reflexivity.
Qed.

Lemma mode_step_tokens (w M : list Q) (B : Q) (j : nat) :
  pos w -> (j < length w)%nat -> dot w (mode_step w B j M) == B.
Proof.
  intros Hw Hj. unfold mode_step. generalize (skipn j M) as N. intros N. revert w Hw Hj.
  induction j as [|j IH]; intros w Hw Hj; destruct w as [|a w]; simpl in Hj; try lia;
    inversion Hw; subst; simpl.
  - rewrite Nat.sub_0_r, dot_firstn by lia. field. lra.
  - rewrite IH by (try assumption; lia). ring.
Qed.
