(** Simulation settles: where the checker of Tree.v says yes, no start evicts after step K. *)

From Coq Require Import ZArith QArith List Bool Lqa Lia Setoid.
From Homeostat Require Import Model Forms Modes Tree.
Import ListNotations.
Open Scope Q_scope.

Definition step (w : list Q) (B : Q) (M : list Q) : list Q := map Qred (simulation_step w B M).

Definition good (w : list Q) (B : Q) (M : list Q) : Prop :=
  length M = length w /\ nonneg M /\ dot w M == B.

Definition calm (w : list Q) (B : Q) (M : list Q) : Prop :=
  forall s, (S s < length w)%nat -> nth (S s) (step w B M) 0 == nth s M 0.

Definition settled (w : list Q) (B : Q) (b : nat) (M : list Q) : Prop :=
  forall t, (b <= t)%nat -> calm w B (Nat.iter t (step w B) M).

Definition in_face (k : nat) (M : list Q) : Prop := Forall (fun m => m == 0) (firstn k M).

(** Forms show a state up to one positive factor. *)
Definition shows (x : list Q) (st : list form) (M : list Q) : Prop :=
  exists c, 0 < c /\ Forall2 (fun f m => value f x == c * m) st M.

Lemma same_lengths {A C} (R : A -> C -> Prop) l l' : Forall2 R l l' -> length l = length l'.
Proof. induction 1; simpl; congruence. Qed.

Section Soundness.

(** Weights w of a system with room B, and the same weights as integers W = scale * w. *)
Variables (W : list Z) (w : list Q) (B scale : Q).
Hypothesis Hpos : pos w.
Hypothesis Hsome : w <> [].
Hypothesis HB : 0 < B.
Hypothesis Hscale : 0 < scale.
Hypothesis HW : Forall2 (fun z y => inject_Z z == scale * y) W w.

Lemma length_W : length W = length w.
Proof. exact (same_lengths _ _ _ HW). Qed.

Lemma some_stage : (1 <= length w)%nat.
Proof. generalize Hsome. destruct w; [congruence|simpl; lia]. Qed.

Lemma iter_shift {A} (f : A -> A) (t : nat) (x : A) : Nat.iter (S t) f x = Nat.iter t f (f x).
Proof. induction t; simpl in *; congruence. Qed.

Lemma iter_add {A} (f : A -> A) (s t : nat) (x : A) :
  Nat.iter (s + t) f x = Nat.iter s f (Nat.iter t f x).
Proof. induction s; simpl; congruence. Qed.

Lemma Forall2_skipn {A C} (R : A -> C -> Prop) k l l' :
  Forall2 R l l' -> Forall2 R (skipn k l) (skipn k l').
Proof.
  intros H. revert k. induction H; intros [|k]; simpl; try constructor; auto.
Qed.

Lemma Forall2_firstn {A C} (R : A -> C -> Prop) k l l' :
  Forall2 R l l' -> Forall2 R (firstn k l) (firstn k l').
Proof.
  intros H. revert k. induction H; intros [|k]; simpl; try constructor; auto.
Qed.

(** What combinations of forms are worth. *)

Lemma combination_value (ws : list Z) (x : list Q) (st : list form) (M : list Q) (c : Q) :
  Forall2 (fun f m => value f x == c * m) st M ->
  value (combination ws st) x == c * value ws M.
Proof.
  intros H. revert ws. induction H as [|f m st M Hf H IH]; intros [|a ws]; simpl;
    rewrite ?value_plus, ?value_times, ?IH, ?Hf; ring.
Qed.

Lemma value_weights (ws : list Z) (us M : list Q) :
  Forall2 (fun z y => inject_Z z == scale * y) ws us -> value ws M == scale * dot us M.
Proof.
  intros H. revert M. induction H as [|z y ws us Hz H IH]; intros [|m M]; simpl; try ring.
  rewrite IH, Hz. ring.
Qed.

Lemma value_same (f : form) (M N : list Q) : same M N -> value f M == value f N.
Proof.
  intros H. revert f. induction H; intros [|a f]; simpl; try reflexivity.
  rewrite H, (IHForall2 f). reflexivity.
Qed.

Lemma combination_dot (k i : nat) (x : list Q) (st : list form) (M : list Q) (c : Q) :
  Forall2 (fun f m => value f x == c * m) st M ->
  value (combination (skipn k W) (skipn i st)) x == c * scale * dot (skipn k w) (skipn i M).
Proof.
  intros H. rewrite (combination_value _ x _ (skipn i M) c) by now apply Forall2_skipn.
  rewrite (value_weights _ (skipn k w)) by now apply Forall2_skipn. ring.
Qed.

Lemma excess_sign (x : list Q) (st : list form) (M : list Q) (j : nat) :
  shows x st M -> dot w M == B ->
  (0 <= value (excess W st j) x <-> B <= advancing w j M) /\
  (0 <= value (times (-1) (excess W st j)) x <-> advancing w j M <= B).
Proof.
  intros [c [Hc H]] Ht.
  assert (E : inject_Z (Z.max 1 (divisor (plus (combination (skipn j W) (skipn (pred j) st))
              (times (-1) (combination W st))))) * value (excess W st j) x
              == c * scale * (advancing w j M - B)).
  { unfold excess, primitive. rewrite divide_value by apply divisor_divides.
    rewrite value_plus, value_times. rewrite (combination_dot j (pred j) x st M c H).
    rewrite (combination_dot 0 0 x st M c H). simpl skipn. rewrite Ht. unfold advancing.
    change (inject_Z (-1)) with (-(1)). ring. }
  pose proof (factor_pos (divisor (plus (combination (skipn j W) (skipn (pred j) st))
              (times (-1) (combination W st))))) as Hd.
  set (d := inject_Z _) in *. clearbody d.
  assert (Hcs : 0 < c * scale) by nra.
  split.
  - rewrite (scaled_sign d _ _ Hd E).
    rewrite <- (scaled_sign (c * scale) (advancing w j M - B) _ Hcs (Qeq_refl _)). lra.
  - rewrite value_times. change (inject_Z (-1)) with (-(1)).
    rewrite (scaled_sign d (- (1) * value (excess W st j) x) (- (c * scale * (advancing w j M - B))) Hd)
      by (rewrite <- E; ring).
    rewrite <- (scaled_sign (c * scale) (B - advancing w j M) _ Hcs) by (apply Qeq_trans with
      (- (c * scale * (advancing w j M - B))); [ring|reflexivity]). lra.
Qed.

Lemma shows_same (x : list Q) (st : list form) (M N : list Q) :
  shows x st M -> same M N -> shows x st N.
Proof.
  intros [c [Hc H]] E. exists c. split; [assumption|]. revert N E.
  induction H; intros N E; inversion E; subst; constructor; auto.
  rewrite H. now match goal with E : _ == _ |- _ => rewrite E end.
Qed.

Lemma nth_weights (j : nat) : inject_Z (nth j W 0%Z) == scale * nth j w 0.
Proof.
  clear - HW. revert j. induction HW; intros [|j]; simpl; auto; change (inject_Z 0) with 0; ring.
Qed.

Lemma shows_raw_step (x : list Q) (st : list form) (M : list Q) (j : nat) :
  shows x st M -> dot w M == B -> (j < length w)%nat ->
  shows x (raw_step W j st) (mode_step w B j M).
Proof.
  intros [c [Hc H]] Ht Hj. pose proof (pos_nth j w Hpos Hj) as Hwj.
  exists (c * (scale * nth j w 0)). split; [assert (0 < scale * nth j w 0) by nra; nra|].
  unfold raw_step, mode_step. apply Forall2_app.
  - generalize (c * (scale * nth j w 0)). clear. intros d.
    induction j; simpl; constructor; auto. simpl. ring.
  - constructor.
    + rewrite value_plus, value_times. rewrite (combination_dot (S j) j x st M c H).
      rewrite (combination_dot 0 0 x st M c H). simpl (skipn 0 _). rewrite Ht.
      change (inject_Z (-1)) with (-(1)). field. lra.
    + rewrite length_W. apply (Forall2_skipn _ j) in H.
      apply (Forall2_firstn _ (length w - S j)) in H.
      pose proof (nth_weights j) as E. revert H E. generalize (nth j W 0%Z), (nth j w 0).
      generalize (firstn (length w - S j) (skipn j st)), (firstn (length w - S j) (skipn j M)).
      clear. intros l l' z y H E. induction H; simpl; constructor; auto.
      rewrite value_times, E, H. ring.
Qed.

Lemma shows_reduced (x : list Q) (st : list form) (M : list Q) :
  shows x st M -> shows x (reduced st) M.
Proof.
  intros [c [Hc H]]. pose proof (factor_pos (divisor (concat st))) as Hd.
  exists (c / inject_Z (Z.max 1 (divisor (concat st)))). split.
  { apply Qlt_shift_div_l; lra. }
  unfold reduced.
  assert (Hin : forall f, In f st -> forall a, In a f -> (divisor (concat st) | a)%Z).
  { intros f Hf a Ha. apply divisor_divides, in_concat. exists f. auto. }
  revert Hd Hin. generalize (divisor (concat st)) as d. intros d Hd Hin.
  induction H as [|f m st M Hf H IH]; simpl; constructor.
  - pose proof (divide_value d f x ltac:(intros; apply (Hin f); [now left|assumption])) as E.
    rewrite Hf in E. set (k := inject_Z (Z.max 1 d)) in *. clearbody k.
    assert (value (divide d f) x == (k * value (divide d f) x) / k) as -> by (field; lra).
    rewrite E. field. lra.
  - apply IH. intros g Hg. apply Hin. now right.
Qed.

Lemma shows_step (x : list Q) (st : list form) (M : list Q) (j : nat) :
  shows x st M -> dot w M == B -> (j < length w)%nat ->
  shows x (step_form W j st) (mode_step w B j M).
Proof. intros. now apply shows_reduced, shows_raw_step. Qed.

Lemma shift_shows (y : Q) (x : list Q) (st : list form) (M : list Q) :
  Forall2 (fun f m => value f x == 1 * m) st M ->
  Forall2 (fun f m => value f (y :: x) == 1 * m) (map (cons 0%Z) st) M.
Proof. induction 1 as [|f m st M H _ IH]; simpl; constructor; auto. simpl. rewrite H. ring. Qed.

Lemma identity_shows (x : list Q) :
  Forall2 (fun f m => value f x == 1 * m) (identity (length x)) x.
Proof.
  induction x as [|y x IH]; simpl; constructor.
  - assert (E : value (repeat 0%Z (length x)) x == 0).
    { clear. induction x as [|z x IH]; simpl; [reflexivity|]. rewrite IH. ring. }
    simpl. rewrite E. ring.
  - now apply shift_shows.
Qed.

Lemma root_shows (face : nat) (M : list Q) :
  length M = length w -> (face <= length w)%nat -> in_face face M ->
  shows (skipn face M) (root W face) M.
Proof.
  intros Hl Hf H. exists 1. split; [reflexivity|]. unfold root. rewrite length_W.
  enough (E : Forall2 (fun f m => value f (skipn face M) == 1 * m)
      (repeat [] face ++ identity (length w - face)) (firstn face M ++ skipn face M))
    by (rewrite firstn_skipn in E; exact E).
  apply Forall2_app.
  - unfold in_face in H. assert (L : length (firstn face M) = face) by (rewrite firstn_length; lia).
    rewrite <- L at 1. clear L. induction H as [|m N Hm _ IH]; simpl; constructor; auto.
    rewrite Hm. destruct (skipn face M); reflexivity.
  - replace (length w - face)%nat with (length (skipn face M)) by (rewrite skipn_length; lia).
    apply identity_shows.
Qed.

(** Good states, and the step from them. *)

Notation S_ := (step w B).

Lemma good_same (M N : list Q) : good w B M -> same M N -> good w B N.
Proof.
  intros [Hl [Hn Ht]] E. split; [|split].
  - now rewrite <- (same_length _ _ E).
  - now apply (same_nonneg M).
  - now rewrite <- (same_dot _ _ _ E).
Qed.

Lemma step_mode (M : list Q) (j : nat) :
  good w B M -> (j < length w)%nat -> advancing w (S j) M <= B ->
  (j = 0%nat \/ B <= advancing w j M) ->
  same (S_ M) (mode_step w B j M) /\ good w B (S_ M).
Proof.
  intros [Hl [Hn Ht]] Hj Hlo Hhi.
  assert (E : same (S_ M) (mode_step w B j M)).
  { unfold step. apply same_trans with (1 := same_Qred _). destruct j as [|j].
    - now apply simulation_open.
    - destruct Hhi as [|Hhi]; [discriminate|]. apply simulation_cut; auto; lia. }
  split; [assumption|]. apply good_same with (2 := same_sym _ _ E). split; [|split].
  - now apply mode_step_length.
  - now apply mode_step_nonneg.
  - now apply mode_step_tokens.
Qed.

Lemma some_mode (M : list Q) :
  exists j, (j < length w)%nat /\ advancing w (S j) M <= B /\ (j = 0%nat \/ B < advancing w j M).
Proof.
  apply first_mode; [apply some_stage|]. rewrite advancing_end. lra.
Qed.

Lemma step_good (M : list Q) : good w B M -> good w B (S_ M).
Proof.
  intros H. destruct (some_mode M) as [j [Hj [Hlo Hhi]]].
  apply (step_mode M j); auto. destruct Hhi; [auto|right; lra].
Qed.

Lemma iter_good (t : nat) (M : list Q) : good w B M -> good w B (Nat.iter t S_ M).
Proof. intros H. induction t; simpl; auto. now apply step_good. Qed.

Lemma open_calm (M : list Q) : good w B M -> advancing w 1 M <= B -> calm w B M.
Proof.
  intros [Hl [Hn Ht]] Ho s Hs. unfold step.
  rewrite (same_nth _ _ (S s) (same_Qred _)).
  destruct (simulation_open w M B) as [_ E]; auto. now rewrite E.
Qed.

Lemma settled_later (b b' : nat) (M : list Q) :
  settled w B b M -> (b <= b')%nat -> settled w B b' M.
Proof. intros H L t Ht. apply H. lia. Qed.

Lemma settled_step (b : nat) (M : list Q) : settled w B b (S_ M) -> settled w B (S b) M.
Proof.
  intros H t Ht. destruct t as [|t]; [lia|]. rewrite iter_shift. apply H. lia.
Qed.

Lemma cut_in_face (M : list Q) (j k : nat) :
  same M (mode_step w B j M) \/ (exists N, same M (mode_step w B j N)) -> (k <= j)%nat -> in_face k M.
Proof.
  intros H Hk. assert (exists N, same M (mode_step w B j N)) as [N E] by (destruct H; eauto).
  clear H. unfold in_face. apply (same_firstn k) in E. unfold mode_step in E.
  rewrite firstn_app, repeat_length in E. replace (k - j)%nat with 0%nat in E by lia.
  simpl in E. rewrite app_nil_r in E. clear - E Hk.
  assert (Z : Forall (fun m => m == 0) (firstn k (repeat 0 j))).
  { apply Forall_forall. intros y Hy. apply In_nth with (d := 0) in Hy as [i [_ <-]].
    destruct (Nat.lt_ge_cases i k).
    - rewrite nth_firstn by assumption. rewrite nth_repeat. reflexivity.
    - rewrite nth_overflow; [reflexivity|]. rewrite firstn_length. lia. }
  clear Hk. revert Z. induction E; intros Z; constructor; inversion Z; subst.
  - now rewrite H.
  - now apply IHE.
Qed.

(** The region: rows that keep holding, and ask for no eviction. *)

Definition inside (rows : list form) (M : list Q) : Prop := hold rows M.

Lemma free_shows (i : nat) (M : list Q) :
  good w B M -> shows M (free W i) (Nat.iter i (mode_step w B 0) M) /\
  dot w (Nat.iter i (mode_step w B 0) M) == B.
Proof.
  intros [Hl [_ Ht]]. pose proof some_stage. induction i as [|i [IH It]]; simpl.
  - split; [|assumption]. apply (root_shows 0 M); auto; [lia|constructor].
  - split; [now apply shows_step|]. apply mode_step_tokens; auto.
Qed.

Lemma row_sign (i : nat) (M : list Q) :
  good w B M ->
  (0 <= value (row W i) M <-> 0 <= nth 0 (Nat.iter (S i) (mode_step w B 0) M) 0).
Proof.
  intros H. destruct (free_shows (S i) M H) as [[c [Hc E]] _].
  unfold row. rewrite primitive_sign.
  change (Nat.iter (S i) (mode_step w B 0) M) with
    (mode_step w B 0 (Nat.iter i (mode_step w B 0) M)) in *.
  unfold mode_step at 1 in E. unfold mode_step at 1. simpl repeat in *. simpl app in *.
  inversion E as [|f m st N Hf _ E1]; subst. simpl nth.
  rewrite (scaled_sign c _ _ Hc (Qeq_sym _ _ Hf)). reflexivity.
Qed.

Lemma row_0 (M : list Q) : good w B M -> 0 <= value (row W 0) M -> advancing w 1 M <= B.
Proof.
  intros H H0. apply row_sign in H0; [|assumption]. simpl in H0.
  pose proof (pos_nth 0 w Hpos some_stage) as H1. unfold advancing. simpl pred. simpl (skipn 0 _).
  set (a := dot _ M) in *. set (w0 := nth 0 w 0) in *. clearbody a w0.
  destruct (Qlt_le_dec B a) as [L|L]; [|assumption]. exfalso.
  assert (B - a == (B - a) / w0 * w0) by (field; lra). nra.
Qed.

Lemma region_rows (r : region) (M : list Q) (i : nat) :
  check_region W r = true -> nonneg M -> hold (rows_of W r) M -> (i <= S (last r))%nat ->
  0 <= value (row W i) M.
Proof.
  intros C Hn H Hi. apply andb_true_iff in C as [_ C]. rewrite forallb_forall in C.
  specialize (C i). rewrite in_seq in C. specialize (C ltac:(lia)).
  apply orb_true_iff in C as [C|C]; apply existsb_exists in C as [p [Hp C]].
  - apply Nat.eqb_eq in C. subst p. unfold hold in H. rewrite Forall_forall in H.
    apply H. unfold rows_of. now apply in_map.
  - apply andb_true_iff in C as [_ C]. now apply (implies_sound _ _ _ M C).
Qed.

Lemma region_step (r : region) (M : list Q) :
  check_region W r = true -> good w B M -> hold (rows_of W r) M ->
  calm w B M /\ same (S_ M) (mode_step w B 0 M) /\ hold (rows_of W r) (S_ M).
Proof.
  intros C Hg H. pose proof Hg as [Hl [Hn Ht]]. pose proof some_stage.
  assert (Ho : advancing w 1 M <= B).
  { apply row_0; [assumption|]. apply (region_rows r); auto. lia. }
  destruct (step_mode M 0) as [E Hg']; auto.
  split; [now apply open_calm|]. split; [assumption|].
  unfold hold, rows_of. apply Forall_forall. intros f Hf. apply in_map_iff in Hf as [i [<- Hi]].
  rewrite (value_same _ _ _ E). apply row_sign.
  - now apply (good_same (S_ M)).
  - rewrite <- iter_shift. apply (row_sign (S i)); [assumption|].
    apply (region_rows r); auto. apply andb_true_iff in C as [C _].
    rewrite forallb_forall in C. apply C in Hi. apply Nat.leb_le in Hi. lia.
Qed.

Lemma region_settled (r : region) (M : list Q) :
  check_region W r = true -> good w B M -> hold (rows_of W r) M -> settled w B 0 M.
Proof.
  intros C Hg H.
  assert (forall t, hold (rows_of W r) (Nat.iter t S_ M)).
  { induction t; [assumption|]. apply region_step; auto. now apply iter_good. }
  intros t _. apply (region_step r); auto. now apply iter_good.
Qed.

(** Trees. *)

Lemma guards_hold (x : list Q) (st : list form) (M : list Q) (j : nat) :
  shows x st M -> dot w M == B -> advancing w (S j) M <= B -> (j = 0%nat \/ B <= advancing w j M) ->
  hold (guards W st j) x.
Proof.
  intros H Ht Hlo Hhi. unfold hold, guards. apply Forall_app. split.
  - destruct (Nat.eqb_spec j 0); constructor; [|constructor].
    apply (excess_sign x st M j); auto. destruct Hhi; [contradiction|assumption].
  - destruct (S j <? length W)%nat; constructor; [|constructor].
    now apply (excess_sign x st M (S j)).
Qed.

Lemma shows_next (x : list Q) (st : list form) (M : list Q) (j : nat) :
  shows x st M -> good w B M -> (j < length w)%nat -> same (S_ M) (mode_step w B j M) ->
  shows x (step_form W j st) (S_ M).
Proof.
  intros H [_ [_ Ht]] Hj E. apply shows_same with (2 := same_sym _ _ E). now apply shows_step.
Qed.

Definition closes (face b : nat) : Prop :=
  forall M, good w B M -> in_face face M -> settled w B b M.

Section Tree.

Variables (r : region) (face closed : nat).
Hypothesis Hregion : check_region W r = true.
Hypothesis Hclosed : closes (S face) closed.

Definition tree_sound (t : tree) : Prop := forall b st rows x M,
  check_tree W (rows_of W r) face closed t b st rows = true ->
  nonneg x -> hold rows x -> shows x st M -> good w B M -> settled w B b M.

Definition forest_sound (f : forest) : Prop := forall b st rows x M j,
  check_forest W (rows_of W r) face closed f b st rows = true -> has_mode j f = true ->
  nonneg x -> hold rows x -> shows x st M -> good w B M -> (j < length w)%nat ->
  advancing w (S j) M <= B -> (j = 0%nat \/ B <= advancing w j M) ->
  settled w B (S b) M.

Lemma leaf_sound (proofs : list proof) : tree_sound (Leaf proofs).
Proof.
  intros b st rows x M C Hx Hr Hs Hg. simpl in C. apply andb_true_iff in C as [L C].
  apply Nat.eqb_eq in L. apply settled_later with 0%nat; [|lia].
  apply region_settled with r; auto. unfold hold. revert proofs L C.
  destruct Hs as [c [Hc Hs]].
  induction (rows_of W r) as [|f fs IH]; intros proofs L C; constructor;
    destruct proofs as [|p proofs]; simpl in L; try discriminate; simpl in C;
    apply andb_true_iff in C as [C C'].
  - apply (implies_sound _ _ _ x) in C; auto. rewrite (combination_value _ x _ M c Hs) in C.
    now apply (scaled_sign c _ _ Hc (Qeq_refl _)).
  - apply (IH proofs); [congruence|assumption].
Qed.

Lemma node_sound lo hi below above children :
  forest_sound children -> tree_sound (Node lo hi below above children).
Proof.
  intros IH b st rows x M C Hx Hr Hs Hg. pose proof Hg as [Hl [Hn Ht]].
  destruct b as [|b]; [discriminate|]. cbn [check_tree] in C.
  repeat match goal with H : _ && _ = true |- _ => apply andb_true_iff in H as [H ?] end.
  rename H into Cf, H0 into Cm, H1 into Ca, H2 into Cb, H3 into Co, H4 into Ch.
  rewrite length_W in *. apply Nat.ltb_lt in C. apply Nat.leb_le in Ch.
  destruct (some_mode M) as [j0 [Hj0 [Hlo0 Hhi0]]].
  (* The mode: the first one, or lo where that is above and both agree. *)
  assert (exists j, (lo <= j)%nat /\ (j < length w)%nat /\ advancing w (S j) M <= B /\
            (j = 0%nat \/ B <= advancing w j M) /\ (j = lo \/ B < advancing w j M) /\
            (j <= Nat.max j0 lo)%nat)
    as [j [Hjl [Hj [Hlo [Hhi [Hjs Hjm]]]]]].
  { destruct (Nat.le_gt_cases lo j0) as [L|L].
    - exists j0. repeat split; try lia; auto.
      + destruct Hhi0; [auto|right; lra].
      + destruct Hhi0; [left; lia|auto].
    - exists lo. repeat split; try lia; auto.
      + apply Qle_trans with (2 := Hlo0). apply advancing_decreases; auto; lia.
      + right. apply orb_true_iff in Cb as [Cb|Cb]; [apply Nat.eqb_eq in Cb; lia|].
        apply (implies_sound _ _ _ x) in Cb; auto. now apply (excess_sign x st M lo) in Cb. }
  destruct (step_mode M j Hg Hj Hlo Hhi) as [E Hg'].
  destruct (Nat.le_gt_cases j face) as [Lf|Lf].
  - assert (Lh : (j <= hi)%nat).
    { destruct (Nat.ltb_spec hi face) as [L|L]; [|lia].
      apply orb_true_iff in Co. destruct Co as [Co|Co]; [|apply Nat.eqb_eq in Co; lia].
      apply Nat.leb_le in Co. apply (implies_sound _ _ _ x) in Ca; auto.
      apply (excess_sign x st M (S hi)) in Ca; auto.
      enough (j0 <= hi)%nat by lia.
      destruct (Nat.le_gt_cases j0 hi) as [|G]; [assumption|]. exfalso.
      destruct Hhi0 as [->|Hhi0]; [lia|].
      pose proof (advancing_decreases w M (S hi) j0 Hpos Hn Hl ltac:(lia) ltac:(lia)). lra. }
    rewrite forallb_forall in Cm. specialize (Cm j). rewrite in_seq in Cm.
    specialize (Cm ltac:(lia)). apply orb_true_iff in Cm as [Cm|Cm].
    + apply (IH b st rows x M j); auto.
    + exfalso. apply andb_true_iff in Cm as [Cm Cs]. apply andb_true_iff in Cm as [Cl Cn].
      apply Nat.ltb_lt in Cl. destruct Hjs as [->|Hjs]; [lia|]. unfold same_form in Cs.
      destruct (list_eq_dec Z.eq_dec (excess W st j) (excess W st (S j))) as [Es|]; [|discriminate].
      destruct (excess_sign x st M j Hs Ht) as [_ S1].
      destruct (excess_sign x st M (S j) Hs Ht) as [_ S2].
      rewrite Es in S1. apply S2 in Hlo. apply S1 in Hlo. lra.
  - assert (hi = face) as ->.
    { destruct (Nat.ltb_spec hi face) as [L|L]; [|lia]. exfalso.
      apply orb_true_iff in Co. destruct Co as [Co|Co]; [|apply Nat.eqb_eq in Co; lia].
      apply Nat.leb_le in Co. apply (implies_sound _ _ _ x) in Ca; auto.
      apply (excess_sign x st M (S hi)) in Ca; auto.
      assert (face < j0)%nat by lia. destruct Hhi0 as [->|Hhi0]; [lia|].
      pose proof (advancing_decreases w M (S hi) j0 Hpos Hn Hl ltac:(lia) ltac:(lia)). lra. }
    rewrite Nat.ltb_irrefl in Ca. apply orb_true_iff in Ca as [Ca|Ca]; apply Nat.leb_le in Ca; [lia|].
    apply settled_step. apply settled_later with closed; [|assumption]. apply Hclosed; [assumption|].
    apply cut_in_face with j; [right; eauto|lia].
Qed.

Lemma child_sound (mode : nat) (t : tree) (others : forest) :
  tree_sound t -> forest_sound others -> forest_sound (Child mode t others).
Proof.
  intros IH IHf b st rows x M j C Hm Hx Hr Hs Hg Hj Hlo Hhi.
  cbn [check_forest] in C. apply andb_true_iff in C as [C Co].
  cbn [has_mode] in Hm. apply orb_true_iff in Hm as [Hm|Hm].
  - apply Nat.eqb_eq in Hm. subst mode. destruct (step_mode M j Hg Hj Hlo Hhi) as [E Hg'].
    apply settled_step. apply (IH b _ _ x _ C); auto.
    + apply Forall_app. split; [assumption|]. destruct Hg as [_ [_ Ht]].
      now apply (guards_hold x st M j).
    + now apply shows_next.
  - now apply (IHf b st rows x M j).
Qed.

Scheme tree_rec' := Induction for tree Sort Prop with forest_rec' := Induction for forest Sort Prop.

Lemma every_tree_sound (t : tree) : tree_sound t.
Proof.
  apply (tree_rec' tree_sound forest_sound).
  - apply leaf_sound.
  - apply node_sound.
  - intros b st rows x M j _ H. discriminate.
  - intros mode child IH others IHf. now apply child_sound.
Qed.

End Tree.

Lemma faces_sound (r : region) (trees : list (nat * tree)) (face closed latest : nat) :
  check_region W r = true -> closes (S face) closed -> (face < length w)%nat ->
  check_faces W (rows_of W r) face closed trees = Some latest -> closes 1 latest.
Proof.
  intros Hr. revert face closed. induction trees as [|[b t] trees IH]; intros face closed Hc Hf C;
    destruct face as [|below]; simpl in C; try discriminate.
  - now inversion C; subst.
  - destruct (_ && _) eqn:E in C; [|discriminate]. apply andb_true_iff in E as [_ E].
    apply (IH below b); [|lia|assumption]. intros M Hg Hin. pose proof Hg as [Hl [Hn _]].
    apply (every_tree_sound r (S below) closed Hr Hc t b (root W (S below)) []
             (skipn (S below) M) M); auto.
    + now apply nonneg_skipn.
    + constructor.
    + apply root_shows; auto. lia.
Qed.

Lemma no_top_face : closes (S (length w - 1)) 0.
Proof.
  intros M [Hl [_ Ht]] H. exfalso. pose proof some_stage.
  unfold in_face in H. rewrite firstn_all2 in H by lia.
  assert (dot w M == 0).
  { clear - H. generalize w. induction H as [|m M Hm H IH]; intros [|a v]; simpl; try reflexivity.
    rewrite Hm, (IH v). ring. }
  lra.
Qed.

Lemma mode_0_same (M N : list Q) : same M N -> same (mode_step w B 0 M) (mode_step w B 0 N).
Proof.
  intros E. unfold mode_step. simpl. constructor; [|now apply same_firstn].
  now rewrite (same_dot _ _ _ E).
Qed.

(** Up to step k there was an eviction, or all steps were those of the linear dynamics. *)
Lemma first_steps (latest k : nat) (M : list Q) :
  closes 1 latest -> good w B M ->
  settled w B (k + latest) M \/
  (same (Nat.iter k S_ M) (Nat.iter k (mode_step w B 0) M) /\
   forall i, (i < k)%nat -> 0 <= nth 0 (Nat.iter (S i) (mode_step w B 0) M) 0).
Proof.
  intros Hc Hg. induction k as [|k [IH|[E IH]]].
  - right. split; [apply same_refl|]. intros; lia.
  - left. apply settled_later with (1 := IH). lia.
  - pose proof (iter_good k M Hg) as Hk.
    destruct (some_mode (Nat.iter k S_ M)) as [j [Hj [Hlo Hhi]]].
    destruct (step_mode _ j Hk Hj Hlo) as [Es Hg'];
      [destruct Hhi; [auto|right; lra]|]. destruct j as [|j].
    + right. assert (E1 : same (Nat.iter (S k) S_ M) (Nat.iter (S k) (mode_step w B 0) M)).
      { apply same_trans with (1 := Es). now apply mode_0_same. }
      split; [assumption|]. intros i Hi. destruct (Nat.eq_dec i k) as [->|]; [|apply IH; lia].
      rewrite <- (same_nth _ _ 0 E1). destruct Hg' as [Hl [Hn _]]. unfold nonneg in Hn.
      rewrite Forall_forall in Hn. apply Hn, nth_In. pose proof some_stage. simpl in Hl. simpl. lia.
    + left. assert (H : settled w B latest (Nat.iter (S k) S_ M)).
      { apply Hc; [assumption|]. apply cut_in_face with (S j); [right; eauto|lia]. }
      intros t Ht. replace t with ((t - S k) + S k)%nat by lia. rewrite iter_add. apply H. lia.
Qed.

Theorem check_settles_sound (r : region) (trees : list (nat * tree)) (steps : nat) :
  check_settles W r trees steps = true -> forall M, good w B M -> settled w B steps M.
Proof.
  intros C M Hg. apply andb_true_iff in C as [Hr C]. pose proof some_stage.
  destruct (check_faces _ _ _ _ _) as [latest|] eqn:F in C; [|discriminate].
  apply Nat.leb_le in C. rewrite length_W in F.
  pose proof (faces_sound r trees (length w - 1) 0 latest Hr no_top_face ltac:(lia) F) as Hc.
  destruct (first_steps latest (S (last r)) M Hc Hg) as [Hs|[_ Hf]].
  - now apply settled_later with (1 := Hs).
  - apply settled_later with 0%nat; [|lia]. apply region_settled with r; auto.
    unfold hold, rows_of. apply Forall_forall. intros f Hin. apply in_map_iff in Hin as [i [<- Hi]].
    apply row_sign; [assumption|]. apply Hf. apply andb_true_iff in Hr as [Hr _].
    rewrite forallb_forall in Hr. apply Hr, Nat.leb_le in Hi. lia.
Qed.

End Soundness.

(** The parameters, and the same weights as integers. *)
Definition check_weights (p : parameters) (scale : Z) (W : list Z) : bool :=
  (0 <? scale)%Z && (0 <? length W)%nat && (length W =? l_b p)%nat &&
  negb (Qle_bool (capacity p) 0) && forallb (fun z => (0 <? z)%Z) W &&
  forallb (fun zy => Qeq_bool (inject_Z (fst zy)) (inject_Z scale * snd zy)) (combine W (weights p)).

Lemma iterated (p : parameters) (t : nat) (M : list Q) :
  simulation p t M = Nat.iter t (step (weights p) (capacity p)) M.
Proof. induction t; simpl; [reflexivity|]. now rewrite IHt. Qed.

Lemma length_weights (p : parameters) : length (weights p) = l_b p.
Proof. unfold weights. now rewrite map_length, seq_length. Qed.

Lemma check_weights_sound (p : parameters) (scale : Z) (W : list Z) :
  check_weights p scale W = true ->
  pos (weights p) /\ weights p <> [] /\ 0 < capacity p /\ 0 < inject_Z scale /\
  Forall2 (fun z y => inject_Z z == inject_Z scale * y) W (weights p).
Proof.
  intros C. unfold check_weights in C.
  repeat match goal with H : _ && _ = true |- _ => apply andb_true_iff in H as [H ?] end.
  rename H into Ce, H0 into Cp, H1 into Cc, H2 into Cl, H3 into Cn.
  apply Z.ltb_lt, inject_Z_pos in C. apply Nat.ltb_lt in Cn. apply Nat.eqb_eq in Cl.
  assert (Cq : 0 < capacity p).
  { destruct (Qlt_le_dec 0 (capacity p)) as [|L]; [assumption|].
    apply Qle_bool_iff in L. rewrite L in Cc. discriminate. }
  assert (F : Forall2 (fun z y => inject_Z z == inject_Z scale * y) W (weights p)).
  { rewrite <- length_weights in Cl. revert Cl Ce. generalize (weights p) as w. clear.
    induction W as [|z W' IH]; intros [|y w] L C; try discriminate; constructor;
      simpl in C; apply andb_true_iff in C as [C1 C2].
    - now apply Qeq_bool_iff.
    - apply IH; [now inversion L|assumption]. }
  repeat split; auto.
  - clear - F Cp C. revert Cp. induction F as [|z y W w H F IH]; intros Cp; constructor;
      simpl in Cp; apply andb_true_iff in Cp as [C1 C2].
    + apply Z.ltb_lt, inject_Z_pos in C1. rewrite H in C1. nra.
    + now apply IH.
  - intros E. rewrite <- length_weights in Cl. rewrite E in Cl. simpl in Cl. lia.
Qed.

(** What exported files apply. *)
Theorem settles (p : parameters) (scale : Z) (W : list Z) (r : region)
    (trees : list (nat * tree)) (steps : nat) :
  check_weights p scale W && check_settles W r trees steps = true ->
  forall M, start p M -> forall t, (steps <= t)%nat -> evicts_nothing p t M.
Proof.
  intros C M [Hl [Hn Ht]] t L s Hs. apply andb_true_iff in C as [Cw C].
  apply check_weights_sound in Cw as [Hp [Hsome [HB [Hscale HW]]]].
  rewrite <- length_weights in Hs, Hl. rewrite iterated. simpl. rewrite iterated.
  apply (check_settles_sound W (weights p) (capacity p) (inject_Z scale) Hp Hsome HB Hscale HW
           r trees steps C M); [repeat split|..]; assumption.
Qed.
